import type { Finding, PassResult, Severity } from './result.js';

const ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, information: 2 };

/** All findings of a run with their passes, worst first: by severity, then by the share of the model that they concern. */
export function sortFindings(
  passes: readonly Pick<PassResult, 'pass' | 'findings'>[],
): (Finding & { readonly pass: string })[] {
  return passes
    .flatMap(({ pass, findings }) => findings.map((finding) => ({ ...finding, pass })))
    .sort((a, b) => ORDER[a.severity] - ORDER[b.severity] || b.weight - a.weight);
}
