/** The page's document and what it may load. */

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

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

export function pageHtml(sources: PageSources): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeText(contentSecurityPolicy(sources))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeText(sources.stylesheet)}">
<title>${escapeText(sources.title)}</title>
</head>
<body>
<div id="model-inspector"></div>
<script type="module" nonce="${escapeText(sources.nonce)}" src="${escapeText(sources.script)}"></script>
</body>
</html>
`;
}
