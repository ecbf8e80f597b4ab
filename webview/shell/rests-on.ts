import type { ResultSummary } from '../../src/protocol/inspection.js';
import { formatCount } from '../format/numbers.js';
import { openedModel } from '../state/session.js';

/** What the numbers rest on: stands under every picture that leaves the page. */
export function restsOn(result: ResultSummary | undefined): string {
  const model = openedModel.peek()?.overview.fileName ?? 'model';
  if (result === undefined) return model;
  const { inputsSeen, inputsPlanned, data } = result;
  const seen =
    inputsSeen < inputsPlanned
      ? `${formatCount(inputsSeen)} of ${formatCount(inputsPlanned)}`
      : formatCount(inputsSeen);
  return `${model}, on ${seen} inputs (${data})`;
}
