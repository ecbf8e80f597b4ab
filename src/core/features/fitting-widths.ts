/** What is said where a dictionary was put at a value of another width than it has. */
import { findSites } from '../dictionary/attach/sites.js';
import { totalWidth, type Coder } from '../dictionary/coder.js';
import { problem, ProblemError } from '../errors.js';
import type { ExperimentSubject } from '../experiment/subject.js';

/** Values and widths that are named. */
const MOST_VALUES = 4;
const MOST_WIDTHS = 8;

/**
 * Runs one input to tell which values would do.
 * @returns the same error, unless it is `unplaced-dictionary`: then with the values of its width, or the widths there are.
 * @throws ProblemError, CancelledError as running does.
 */
export async function withFittingWidths(
  error: unknown,
  subject: ExperimentSubject,
  { reads, writes }: Pick<Coder, 'reads' | 'writes'>,
): Promise<unknown> {
  if (!(error instanceof ProblemError) || error.problem.kind !== 'unplaced-dictionary') return error;
  const wanted = [...new Set([totalWidth(reads), totalWidth(writes)])];
  const { byWidth, widths } = await findSites(subject, wanted);
  const sentences = wanted.map((width) => {
    const labels = [...new Set((byWidth.get(width) ?? []).map(({ label }) => label))];
    if (labels.length === 0)
      return `No value of this model is ${width} wide: there are values ${widths.slice(0, MOST_WIDTHS).join(', ')} wide.`;
    const more = labels.length > MOST_VALUES ? `, and ${labels.length - MOST_VALUES} more` : '';
    return `${width} wide are ${labels.slice(0, MOST_VALUES).join(', ')}${more}.`;
  });
  const { message, place } = error.problem;
  return problem('unplaced-dictionary', `${message} ${sentences.join(' ')}`, {
    ...(place === undefined ? {} : { place }),
    remedy:
      'Measure where it fits (“Dictionary fit”; on the command line “report --pass dictionary-fit”), or attach a dictionary that was trained on this model.',
  });
}
