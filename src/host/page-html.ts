/** The page's document and what it may load. */
import { escapeMarkup } from '../core/markup.js';

export interface PageSources {
  /** Source expression of files that the webview may load (`webview.cspSource`). */
  readonly cspSource: string;
  readonly nonce: string;
  readonly script: string;
  readonly stylesheet: string;
  readonly title: string;
}

interface Rule {
  readonly directive: string;
  readonly sources: readonly string[];
  readonly reason: string;
}

/** What the page may do; whatever is not listed is forbidden. */
export function contentSecurityRules({ cspSource, nonce }: Pick<PageSources, 'cspSource' | 'nonce'>): readonly Rule[] {
  return [
    {
      directive: 'default-src',
      sources: ["'none'"],
      reason: 'Nothing, unless a rule below allows it: no network, ever.',
    },
    {
      directive: 'script-src',
      sources: [`'nonce-${nonce}'`],
      reason: 'The one bundled script of this page and nothing else.',
    },
    {
      directive: 'style-src',
      sources: [cspSource],
      reason: 'The one bundled stylesheet; no inline styles from anywhere.',
    },
    { directive: 'font-src', sources: [cspSource], reason: 'Icons that the stylesheet brings along.' },
    {
      directive: 'img-src',
      sources: [cspSource, 'blob:', 'data:'],
      reason: 'Pictures from the inputs, which arrive as bytes, and pictures that the page draws itself.',
    },
    {
      directive: 'form-action',
      sources: ["'none'"],
      reason: 'Forms send nothing anywhere (default-src does not cover them).',
    },
    { directive: 'base-uri', sources: ["'none'"], reason: 'Addresses cannot be bent (default-src does not cover it).' },
  ];
}

export function contentSecurityPolicy(sources: Pick<PageSources, 'cspSource' | 'nonce'>): string {
  return contentSecurityRules(sources)
    .map((rule) => `${rule.directive} ${rule.sources.join(' ')}`)
    .join('; ');
}

export function pageHtml(sources: PageSources): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(contentSecurityPolicy(sources))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeMarkup(sources.stylesheet)}">
<title>${escapeMarkup(sources.title)}</title>
</head>
<body>
<div id="model-inspector"></div>
<script type="module" nonce="${escapeMarkup(sources.nonce)}" src="${escapeMarkup(sources.script)}"></script>
</body>
</html>
`;
}
