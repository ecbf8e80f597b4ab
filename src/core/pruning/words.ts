/** Sentences about what can be removed, where that is proven and what runs gave: the same in page, command line, host and report. */
import { bytesText, compact, count, percent } from '../passes/words.js';
import type { Comparison } from './proof.js';
import type { Removable } from './removable.js';
import type { Savings } from './savings.js';
import { TOLERANCE } from './tolerance.js';
import type { UnitSource } from './unit-sources.js';

export const SOURCE_NAMES: Readonly<Record<UnitSource, string>> = {
  weights: 'Dead or constant by their weights',
  bounds: 'Dead by certificates',
  useless: 'Useless',
  data: 'Dead on the data',
};

export const SOURCE_DETAILS: Readonly<Record<UnitSource, string>> = {
  weights:
    'Proven for every input: all incoming weights are 0; what is left goes into the biases behind them where that is exact',
  bounds:
    'Proven for every input in a box: pixels through their preparation, ranges of embeddings, or the range that you state',
  useless: 'Proven for every input: every weight that reads them is 0',
  data: 'Not proven: exactly 0 on all present inputs, which are run for it; other inputs may wake them',
};

/** "1 unit", "12 units". */
export function unitsText(units: number): string {
  return `${count(units)} ${units === 1 ? 'unit' : 'units'}`;
}

type Counts = Pick<Removable, 'units' | 'onDataOnly' | 'inBoxOnly'>;

/** What would be removed and saved. */
export function removableText({ units, kept, savings }: Pick<Removable, 'units' | 'kept' | 'savings'>): string {
  const staying = kept.reduce((sum, each) => sum + each.units, 0);
  const stay =
    staying === 0
      ? ''
      : ` ${unitsText(staying)} ${staying === 1 ? 'does' : 'do'} nothing either but cannot be removed exactly.`;
  if (units === 0) return `Nothing can be removed.${stay}`;
  return `Removing ${unitsText(units)} would save ${savingsText(savings)}.${stay}`;
}

/** For which inputs it is proven that the units that leave change nothing. @param box "“image” from -2 to 2, …". */
export function provenText({ units, onDataOnly, inBoxOnly }: Counts, box: string | undefined): string {
  const everywhere = units - onDataOnly - inBoxOnly;
  const who = (some: number): string =>
    some < units ? `${count(some)} ${some === 1 ? 'is' : 'are'}` : units === 1 ? 'It is' : 'All are';
  return [
    ...(everywhere > 0 ? [`${who(everywhere)} proven to change no output, whatever the input.`] : []),
    ...(inBoxOnly > 0
      ? [`${who(inBoxOnly)} proven dead inside this box of inputs only: ${box ?? ''}. Outside it nothing is proven.`]
      : []),
    ...(onDataOnly > 0
      ? [`${who(onDataOnly)} 0 on every input that was run, which proves nothing of other inputs.`]
      : []),
  ].join(' ');
}

/** What will be tried before a smaller file is kept. */
export function checkText({ onDataOnly, inBoxOnly }: Counts, randomInputs: number): string {
  const decides =
    onDataOnly > 0
      ? ' Units that were 0 on the data only may wake on random inputs: there a change is told but does not count.'
      : '';
  return (
    `Before the new file is kept, it and the original run on ${randomInputsText(randomInputs, inBoxOnly > 0)} and on the ` +
    'inputs of the model. If any output changes by more than rounding explains ' +
    `(${toleranceText(['float32'])}), no file is left.${decides}`
  );
}

/** "16 random inputs drawn inside the box". */
export function randomInputsText(inputs: number, isBox: boolean): string {
  return `${count(inputs)} random inputs${isBox ? ' drawn inside the box' : ''}`;
}

/** "3 stay: it is an output of the model". */
export function keptText({ reason, units }: Removable['kept'][number]): string {
  return `${count(units)} ${units === 1 ? 'stays' : 'stay'}: ${reason}`;
}

/** "13 of 13,310 parameters (0.1 %), 52 bytes of 53 KB of weights (0.1 %), 26 of 26,800 operations (FLOPs) …". */
export function savingsText({ before, after }: Savings): string {
  const part = (was: number, is: number, text: (value: number) => string, what: string): string =>
    `${text(was - is)} of ${text(was)}${what} (${percent(was === 0 ? 0 : (was - is) / was)})`;
  return [
    part(before.parameters, after.parameters, count, ' parameters'),
    part(before.weightBytes, after.weightBytes, bytesText, ' of weights'),
    part(before.operations, after.operations, compact, ' operations (FLOPs) per forward'),
    part(before.activationBytes, after.activationBytes, bytesText, ' of activations'),
  ].join(', ');
}

/** "On 16 random inputs outputs changed by at most 1.2e-7, where rounding of float32 may change them by 0.00011". */
export function comparisonText(comparison: Comparison): string {
  const { inputs, data, largestChange, worst, different, unequal, equal } = comparison;
  const where = `On ${data}${outsideText(comparison)}`;
  if (inputs === 0) return `${where} nothing could be run`;
  if (!equal) {
    const { inside, outside } = unequal;
    const who = inside === 0 ? 'all of them' : count(outside);
    const place = outside === 0 ? '' : ` (${who} outside the box)`;
    const what =
      different.length > 0 || worst === undefined
        ? `, in ${different.map((name) => `“${name}”`).join(', ')}`
        : ` by up to ${twoDigits(worst.difference)}, where rounding of ${worst.type} may make ${twoDigits(worst.allowed)}`;
    return `${where} outputs differ on ${count(inside + outside)} of ${count(inputs)} inputs${place}${what}`;
  }
  if (largestChange === undefined || worst === undefined)
    return `${where} no output changed: the largest difference is 0`;
  const { difference, allowed, type } = largestChange;
  const share =
    worst === largestChange
      ? ''
      : `; no number changed by more than ${percent(Math.max(LEAST_SHARE, worst.difference / worst.allowed))} of what it may`;
  return `${where} outputs changed by at most ${twoDigits(difference)}, where rounding of ${type} may change them by ${twoDigits(allowed)}${share}`;
}

/** “Not by more than under 0.1 %” would be one word too many. */
const LEAST_SHARE = 0.001;

function outsideText({ outsideBox, inputs }: Comparison): string {
  if (outsideBox === undefined || inputs === 0) return '';
  if (outsideBox === 0) return ', all of them inside the box,';
  const who = outsideBox === inputs ? 'all of them' : `${count(outsideBox)} of them`;
  return `, ${who} outside the box, where nothing is proven,`;
}

/** What was run and how far outputs were apart. */
export function proofText(comparisons: readonly Comparison[], { onDataOnly }: Pick<Counts, 'onDataOnly'>): string {
  const types = comparisons.flatMap(({ worst }) => (worst === undefined ? [] : [worst.type]));
  const tolerance = types.length === 0 ? '' : ` Rounding: ${toleranceText([...new Set(types)])}.`;
  const exception =
    onDataOnly > 0 && comparisons[0]?.equal === false
      ? ' On random inputs units that are silent on the data may speak: that is no proof against it.'
      : '';
  return `${comparisons.map(comparisonText).join('. ')}.${tolerance}${exception}`;
}

/** Why nothing was written, and what to do. */
export function failureText(
  failed: Comparison | undefined,
  comparisons: readonly Comparison[],
  { onDataOnly }: Pick<Counts, 'onDataOnly'>,
): { readonly message: string; readonly remedy: string } {
  const shown = failed !== undefined && failed.inputs > 0;
  const lead = shown
    ? 'The smaller model does not give the same as the original, so no file was written.'
    : 'That the smaller model gives the same as the original could not be shown on the inputs of the model, so no file was written.';
  return {
    message: `${lead} ${proofText(comparisons, { onDataOnly: 0 })}`,
    remedy: remedyFor(failed, onDataOnly),
  };
}

function remedyFor(failed: Comparison | undefined, onDataOnly: number): string {
  if (failed === undefined || failed.inputs === 0)
    return 'Choose inputs that can be run, or leave out what is dead on the data only.';
  if (failed.unequal.inside === 0)
    return 'Units are proven dead inside the box only, and these inputs lie outside it: state a box that holds them (State Input Range…), or leave out what is dead by certificates.';
  return onDataOnly > 0
    ? 'Leave out what is dead on the data only.'
    : 'This is a defect of Model Inspector if the model gives the same twice: “Show Log” has the details.';
}

/** "float32: 0.00001 + 0.0001 × the sum of the sizes of the terms added up". */
function toleranceText(types: readonly string[]): string {
  return types
    .map((type) => {
      const [absolute, relative] = TOLERANCE[type] ?? [0, 0];
      return `${type}: ${absolute} + ${Number(relative.toPrecision(2))} × the sum of the sizes of the terms added up`;
    })
    .join('; ');
}

function twoDigits(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(2) : String(value);
}
