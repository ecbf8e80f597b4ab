import type { ResultSummary } from '../../src/protocol/inspection.js';
import { formatCount } from '../format/numbers.js';
import { openedModel, result as shown } from '../state/session.js';

/** What the numbers rest on: stands under every picture that leaves the page. */
export function restsOn(result: ResultSummary | undefined): string {
  const model = openedModel.peek()?.overview.fileName ?? 'model';
  if (result === undefined) return model;
  const { inputsSeen, inputsPlanned, data } = result;
  const seen =
    inputsSeen < inputsPlanned
      ? `${formatCount(inputsSeen)} of ${formatCount(inputsPlanned)}`
      : formatCount(inputsSeen);
  return `${model}, on ${inputsSeen === 1 ? `${seen} input only` : `${seen} inputs`} (${data})`;
}

/**
 * Names a table of numbers that leaves the page: a CSV has no room for a note, so its name says when inputs were random.
 * @param foot where it has one: a chart whose foot names no inputs rests on none.
 */
export function numbersTitle(title: string, foot?: string): string {
  const isRandom = shown.peek()?.synthetic === true && foot !== restsOn(undefined);
  return isRandom ? `${title} random inputs` : title;
}
