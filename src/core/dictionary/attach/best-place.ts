/** Opens a dictionary on a model where it fits best: every place of its width is measured first. */
import type { Session } from '../../engine/engine.js';
import { problem } from '../../errors.js';
import { createSweeps, type Sweeps } from '../../experiment/sweeps.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { totalWidth } from '../coder.js';
import { checkMatrices } from '../non-finite.js';
import type { AttachedCoder } from './attached.js';
import { measureSites, type MeasuredSite } from './measure-sites.js';
import { findSites, type FoundSites } from './sites.js';

export interface BestPlace {
  /** Of the dictionary’s measuring model. */
  readonly session: Session;
  readonly sweeps: Sweeps;
  readonly sites: FoundSites;
  /** Best first. */
  readonly measured: readonly MeasuredSite[];
  readonly best: MeasuredSite;
  release(): Promise<void>;
}

/** Sweeps that it takes. */
export const PLACE_SWEEPS = 2;
/** Values of one forward that are looked at, all together. */
const OBSERVED_BYTES = 256 * 2 ** 20;

/**
 * @param planned further sweeps that the experiment means to do, for progress.
 * @throws ProblemError `not-applicable` where nothing is as wide, which says which widths there are, or nothing changes
 *   from token to token; `malformed-model` where its weights hold NaN; CancelledError; and as engines do.
 */
export async function openBestPlace(
  subject: ExperimentSubject,
  dictionary: AttachedCoder,
  planned: number,
): Promise<BestPlace> {
  const { engine, threads, signal } = subject;
  const { coder } = dictionary;
  await checkMatrices(coder, signal);
  const widths = [...new Set([totalWidth(coder.reads), totalWidth(coder.writes)])];
  const sites = await findSites(subject, widths);
  const count = widths.reduce((all, width) => all + (sites.byWidth.get(width)?.length ?? 0), 0);
  checkWidths(dictionary, sites);
  const mostExamples = OBSERVED_BYTES / (4 * Math.max(...widths) * count * tokensOf(subject));
  const sweeps = createSweeps(subject, PLACE_SWEEPS + planned, mostExamples);
  const session = await engine.open(await dictionary.model(), { threads });
  try {
    const measured = await measureSites(subject, sweeps, coder, session, sites);
    const [best] = measured;
    if (best === undefined) {
      throw problem('not-applicable', 'No place of the model changes from token to token: nothing can be compared.', {
        remedy: 'Choose other inputs with “Choose Inputs…”.',
      });
    }
    return { session, sweeps, sites, measured, best, release: () => session.release() };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Tokens of an example, about: as many positions as the widest layer has. */
function tokensOf({ layers }: ExperimentSubject): number {
  const most = layers.map(
    ({ shape, units }) => Math.abs(shape.reduce((all, size) => all * size, 1)) / Math.max(1, units),
  );
  return Math.max(1, ...most);
}

function checkWidths({ coder, name }: AttachedCoder, { byWidth, widths }: FoundSites): void {
  for (const width of [totalWidth(coder.reads), totalWidth(coder.writes)]) {
    if ((byWidth.get(width)?.length ?? 0) > 0) continue;
    throw problem(
      'not-applicable',
      `“${name}” is for values ${width} wide, and no value of this model is. There are values ${widths.slice(0, 8).join(', ')} wide.`,
      { remedy: 'Attach a dictionary that was trained on this model.' },
    );
  }
}
