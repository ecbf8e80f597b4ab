/** Sentences about what can be removed, the same in the page, the command line and the report. */
import { bytesText, compact, count, percent } from '../passes/words.js';
import type { Comparison } from './proof.js';
import type { Removable } from './removable.js';
import type { Savings } from './savings.js';

/** "1 unit", "12 units". */
export function unitsText(units: number): string {
  return `${count(units)} ${units === 1 ? 'unit' : 'units'}`;
}

/** What would be removed and saved, and how sure that is. */
export function removableText({
  units,
  onDataOnly,
  kept,
  savings,
}: Pick<Removable, 'units' | 'onDataOnly' | 'kept' | 'savings'>): string {
  const staying = kept.reduce((sum, each) => sum + each.units, 0);
  const stay =
    staying === 0
      ? ''
      : ` ${unitsText(staying)} ${staying === 1 ? 'does' : 'do'} nothing either but cannot be removed exactly.`;
  if (units === 0) return `Nothing can be removed.${stay}`;
  const sure =
    onDataOnly === 0
      ? 'proven to change no output'
      : onDataOnly === units
        ? 'seen to do nothing on the data only, not proven'
        : `${count(units - onDataOnly)} of them proven, ${count(onDataOnly)} seen to do nothing on the data only`;
  return `Removing ${unitsText(units)} (${sure}) would save ${savingsText(savings)}.${stay}`;
}

/** "13 of 13,310 parameters (0.1 %), 26 of 26,800 operations (0.1 %)". */
export function savingsText({ before, after }: Savings): string {
  const part = (was: number, is: number, text: (value: number) => string, what: string): string =>
    `${text(was - is)} of ${text(was)}${what} (${percent(was === 0 ? 0 : (was - is) / was)})`;
  return [
    part(before.parameters, after.parameters, count, ' parameters'),
    part(before.operations, after.operations, compact, ' operations per forward'),
    part(before.activationBytes, after.activationBytes, bytesText, ' of activations'),
  ].join(', ');
}

/** "On 16 random inputs both gave the same: outputs differ by at most 1.2e-7, where rounding may make 0.00011". */
export function comparisonText({ inputs, data, largest, worst, different, equal }: Comparison): string {
  const where = `On ${data}`;
  if (inputs === 0) return `${where} nothing could be run`;
  if (different.length > 0) return `${where} the outputs ${different.map((name) => `“${name}”`).join(', ')} differ`;
  if (largest === 0 || worst === undefined) return `${where} both gave the same to the last bit`;
  const { difference, allowed } = worst;
  return equal
    ? `${where} both gave the same: outputs differ by at most ${twoDigits(largest)}, where rounding may make ${twoDigits(allowed)}`
    : `${where} outputs differ by ${twoDigits(difference)}, where rounding may make ${twoDigits(allowed)} only`;
}

function twoDigits(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(2) : String(value);
}
