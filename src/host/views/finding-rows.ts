/** The findings of a run as a list, worst first. */
import type { Finding, Severity } from '../../core/passes/result.js';
import type { ResultSummary, Selection } from '../../protocol/inspection.js';

export interface FindingRow {
  readonly id: string;
  readonly severity: Severity;
  readonly sentence: string;
  readonly advice?: string;
  /** Label of the layer it is about. */
  readonly where?: string;
  /** What a click selects. */
  readonly selection: Selection;
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, information: 2 };

/** Errors before warnings before information; within one severity the larger share of the model first. */
export function findingRows(result: ResultSummary): readonly FindingRow[] {
  const labels = new Map(result.layers.map((layer) => [layer.value, layer.label]));
  const row = (finding: Finding, id: string): FindingRow => ({
    id,
    severity: finding.severity,
    sentence: finding.sentence,
    advice: finding.advice,
    where: finding.layer === undefined ? undefined : (labels.get(finding.layer) ?? finding.layer),
    selection: finding.layer === undefined ? {} : { layer: finding.layer, unit: finding.units?.[0] },
  });
  return result.passes
    .flatMap((pass) => pass.findings.map((finding, index) => ({ finding, id: `${pass.pass}/${index}` })))
    .sort((a, b) => rank[a.finding.severity] - rank[b.finding.severity] || b.finding.weight - a.finding.weight)
    .map(({ finding, id }) => row(finding, id));
}

/** "2 warnings, 5 remarks": what the view says of itself, with the inputs that it rests on. */
export function findingsSummary(result: ResultSummary): string {
  const seen = new Intl.NumberFormat('en').format(result.inputsSeen);
  const basis = `${seen} ${result.synthetic ? 'random ' : ''}input${result.inputsSeen === 1 ? '' : 's'}`;
  return result.inputsSeen < result.inputsPlanned ? `on ${basis}, cancelled` : `on ${basis}`;
}
