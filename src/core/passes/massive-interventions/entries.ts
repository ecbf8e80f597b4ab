/** Which entries of an input are taken away: those that were found, and as many others at random. */
import { randomStream } from '../../dataset/random.js';
import { isMassive } from '../point-magnitudes.js';
import { magnitudes, MAGNITUDES } from '../magnitudes.js';
import { offsetOf, type StreamValues } from './stream-values.js';

/** massive: every entry that is (methods E); largest: the one with the largest |h|, where a model has no massive ones. */
export type EntryRule = 'massive' | 'largest';

export interface Entry {
  readonly unit: number;
  readonly position: number;
}

const SEED = 1;

/** Of one input. None where nothing of it is finite. */
export function foundEntries(values: StreamValues, rule: EntryRule): readonly Entry[] {
  const { data, start, layout } = values;
  const row = magnitudes(data.subarray(start), layout, 1);
  const median = row[MAGNITUDES.median] as number;
  const [first] = MAGNITUDES.largest;
  const [unit, position] = [row[first + 1] as number, row[first + 2] as number];
  if (Number.isNaN(median) || unit < 0) return [];
  if (rule === 'largest') return [{ unit, position }];
  const entries: Entry[] = [];
  for (let each = 0; each < layout.unitOffsets.length; each++) {
    if (!isMassive(row[MAGNITUDES.peaks + each] as number, median)) continue;
    for (let at = 0; at < layout.positionOffsets.length; at++) {
      const magnitude = Math.abs(data[offsetOf(values, each, at)] as number);
      if (magnitude < Infinity && isMassive(magnitude, median)) entries.push({ unit: each, position: at });
    }
  }
  return entries;
}

/** As many other entries of the same input; which ones depends on the draw and the input alone. */
export function randomEntries(
  { index, layout }: StreamValues,
  found: readonly Entry[],
  draw: number,
): readonly Entry[] {
  const [units, positions] = [layout.unitOffsets.length, layout.positionOffsets.length];
  const taken = new Set(found.map(({ unit, position }) => unit * positions + position));
  const wanted = Math.min(found.length, units * positions - found.length);
  const next = randomStream(SEED, `random entries ${draw}`, index);
  const entries: Entry[] = [];
  while (entries.length < wanted) {
    const place = Math.floor(next() * units * positions);
    if (taken.has(place)) continue;
    taken.add(place);
    entries.push({ unit: Math.floor(place / positions), position: place % positions });
  }
  return entries;
}

/** As many dimensions that are not among those found. */
export function randomDimensions(units: number, found: readonly number[], draw: number): readonly number[] {
  const others = Array.from({ length: units }, (_, unit) => unit).filter((unit) => !found.includes(unit));
  const next = randomStream(SEED, 'random dimensions', draw);
  return Array.from({ length: Math.min(found.length, others.length) }, () => {
    const [unit] = others.splice(Math.floor(next() * others.length), 1);
    return unit as number;
  }).sort((a, b) => a - b);
}
