/** What is known of every feature after one pass of a text, or of any inputs, through a network and a dictionary. */
import { totalWidth } from '../dictionary/coder.js';
import { competitionOf } from '../dictionary/competition.js';
import { addVariance, addVarianceOfRow, varianceSums, type VarianceSums } from '../dictionary/unexplained-variance.js';
import { problem } from '../errors.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import { openAttached, type AttachedDictionary } from './attached.js';
import { withFittingWidths } from './fitting-widths.js';
import { keptRows, type KeptRows } from './kept-rows.js';
import { hasFirst, isFirst, isSameLayout, type Layout } from '../dictionary/attach/layout.js';
import { createFeatureState, endWindow, foldTokens, type FeatureState } from './state.js';
import { walkTokens } from './walk.js';

export interface GatheredFeatures {
  readonly state: FeatureState;
  /**
   * Over all places, and over all but those that are often unlike the others, see `isFirst`; where there are none, nothing is
   * added to that.
   */
  readonly reconstruction: { readonly all: VarianceSums; readonly withoutFirst: VarianceSums };
  /** Token t of the state is position t mod stride of input ⌊t / stride⌋. */
  readonly stride: number;
  /** What was read of the first inputs. */
  readonly rows: KeptRows;
  readonly layout: Layout;
}

const MOST_TOKENS = 2 ** 31;

/**
 * Feature statistics over all inputs of a subject, padding left out. Every input is a window of its own.
 * @throws as {@link walkTokens} does; ProblemError `unplaced-dictionary` where a value has another width, which says what
 * widths there are, `not-applicable` where inputs are of several sizes.
 */
export async function gatherFeatures(
  subject: ExperimentSubject,
  attached: AttachedDictionary,
): Promise<GatheredFeatures> {
  const { dataset } = subject;
  const { coder } = attached;
  const width = totalWidth(coder.writes);
  const state = createFeatureState(coder.features);
  const [all, withoutFirst] = [varianceSums(width), varianceSums(width)];
  const rows = keptRows();
  const competition = competitionOf(coder);
  let stride = 0;
  let known: Layout | undefined;
  const opened = await openAttached(subject, attached);
  try {
    await walkTokens(subject, coder, opened, 'Running the dictionary', {
      all(input, x, features) {
        rows.add(input, x, competition?.floors(features));
      },
      tile({ input, position, positions, layout, features, wanted, written }) {
        if (known === undefined) stride = strideOf(layout, positions, dataset.paddedLength);
        checkPositions(positions, stride, dataset.size);
        checkLayout(layout, (known ??= layout));
        foldTokens(state, features, input * stride + position);
        addVariance(all, wanted, written);
        if (!hasFirst(layout)) return;
        for (let row = 0; row < wanted.length / width; row++)
          if (!isFirst(position + row, layout)) addVarianceOfRow(withoutFirst, wanted, written, row);
      },
      endInput: () => endWindow(state),
    });
  } catch (error) {
    throw await withFittingWidths(error, subject, coder);
  } finally {
    await opened.release();
  }
  return { state, reconstruction: { all, withoutFirst }, stride, rows, layout: known ?? { kind: 'sequence' } };
}

/** Inputs that end in padding have as many positions as the longest. */
function strideOf({ kind }: Layout, positions: number, paddedLength: number | undefined): number {
  return kind === 'heads' ? positions : (paddedLength ?? positions);
}

/** A place of one picture, or a token of one head, must be the same place of all inputs. */
function checkLayout(layout: Layout, first: Layout): void {
  if (layout.kind === 'sequence' || layout.kind === 'single' || isSameLayout(layout, first)) return;
  const told = (of: Layout): string => {
    if (of.kind === 'heads') return `${of.heads} heads at ${of.tokens} tokens`;
    if (of.kind === 'patches') return `${of.height} × ${of.width} patches`;
    return of.kind === 'grid' ? `${of.height} × ${of.width} places` : 'no picture';
  };
  throw problem('not-applicable', `One input has ${told(layout)}, where the first one has ${told(first)}.`, {
    remedy: 'Choose inputs of one size.',
  });
}

function checkPositions(positions: number, stride: number, inputs: number): void {
  if (positions > stride) {
    throw problem('not-applicable', `One input has ${positions} positions, where the first one has ${stride}.`, {
      remedy: 'Choose inputs of one size.',
    });
  }
  if (inputs * stride > MOST_TOKENS) {
    throw problem('invalid-inputs', `${inputs} inputs of ${stride} positions are more than 2,147,483,648 tokens.`, {
      remedy: 'State a limit in the recipe.',
    });
  }
}
