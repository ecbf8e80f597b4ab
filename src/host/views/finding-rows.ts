/** The findings of a run as a list, worst first. */
import type { Finding, Severity } from '../../core/passes/result.js';
import { sortFindings } from '../../core/passes/sort-findings.js';
import type { ResultSummary } from '../../protocol/inspection.js';
import type { Selection } from '../../protocol/selection.js';

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

export function findingRows(result: ResultSummary): readonly FindingRow[] {
  const labels = new Map(result.layers.map((layer) => [layer.value, layer.label]));
  const ids = new Map(
    result.passes.flatMap(({ pass, findings }) =>
      findings.map((finding, index): [Finding, string] => [finding, `${pass}/${index}`]),
    ),
  );
  const row = (finding: Finding): FindingRow => ({
    id: ids.get(finding) as string,
    severity: finding.severity,
    sentence: finding.sentence,
    advice: finding.advice,
    where: finding.layer === undefined ? undefined : (labels.get(finding.layer) ?? finding.layer),
    selection: finding.layer === undefined ? {} : { layer: finding.layer, unit: finding.units?.[0] },
  });
  return sortFindings(result.passes).map(row);
}

/** "2 warnings, 5 remarks": what the view says of itself, with the inputs that it rests on. */
export function findingsSummary(result: ResultSummary): string {
  const seen = new Intl.NumberFormat('en').format(result.inputsSeen);
  const basis = `${seen} ${result.synthetic ? 'random ' : ''}input${result.inputsSeen === 1 ? '' : 's'}`;
  return result.inputsSeen < result.inputsPlanned ? `on ${basis}, cancelled` : `on ${basis}`;
}
