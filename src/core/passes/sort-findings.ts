import type { Finding, PassResult, Severity } from './result.js';

const ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, information: 2 };

/** All findings of a run, worst first: by severity, then by the share of the model that they concern. */
export function sortFindings(passes: readonly Pick<PassResult, 'findings'>[]): Finding[] {
  return passes
    .flatMap(({ findings }) => findings)
    .sort((a, b) => ORDER[a.severity] - ORDER[b.severity] || b.weight - a.weight);
}
