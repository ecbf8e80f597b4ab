/** Which of the units that somebody would remove can be removed exactly, and why the others stay. */
import type { Graph, GraphNode } from '../../graph/graph.js';
import type { UnitConstants } from './constants.js';
import type { Coupling, Reading } from './coupling.js';
import { biasPlace, type BiasPlace } from './bias-place.js';

/** A unit that somebody would remove. */
export interface Candidate {
  readonly value: string;
  readonly unit: number;
}

/** A constant share of a sum that goes into a bias: c · (the weights that read the unit). */
export interface Fold {
  readonly reading: Reading;
  readonly place: BiasPlace;
  readonly unit: number;
  readonly constant: number;
}

export interface Choice {
  /** By value: units that leave, in rising order. */
  readonly removed: ReadonlyMap<string, readonly number[]>;
  readonly folds: readonly Fold[];
  /** In the order of the candidates: why it stays; undefined where it leaves. */
  readonly reasons: readonly (string | undefined)[];
}

/** By reading: 1 where all weights that read a unit are 0. Undefined where it is not known. */
export type UnreadColumns = (reading: Reading) => Promise<Uint8Array | undefined>;

interface Members {
  readonly units: number[];
  readonly folds: Fold[];
  reason: string | undefined;
}

const ALIVE = 'it meets units that are alive (in a sum or a product of units) before anything reads it';
const LAST = 'it is the last of its layer, and operators need at least one';

export async function chooseUnits(
  graph: Graph,
  coupling: Coupling,
  constants: ReadonlyMap<string, UnitConstants>,
  candidates: readonly Candidate[],
  unread: UnreadColumns,
): Promise<Choice> {
  const classOf = ({ value, unit }: Candidate): number | undefined => {
    const known = coupling.followed.get(value);
    return known === undefined || unit >= known.size ? undefined : coupling.classOf(known.first + unit);
  };
  const classes = new Map<number, Members>();
  for (const candidate of candidates) {
    const key = classOf(candidate);
    if (key === undefined || classes.has(key)) continue;
    classes.set(key, { units: [], folds: [], reason: coupling.blockOf(key) });
  }
  for (let unit = 0; unit < coupling.count; unit++) classes.get(coupling.classOf(unit))?.units.push(unit);

  for (const edit of coupling.edits) {
    if (edit.kind === 'reading') await checkReading(graph, coupling, constants, edit, classes, unread);
  }
  keepOne(coupling, classes);
  const leaving = [...classes.values()].filter(({ reason }) => reason === undefined);
  return {
    removed: removedUnits(coupling, leaving),
    folds: leaving.flatMap(({ folds }) => folds),
    reasons: candidates.map((candidate) => {
      const key = classOf(candidate);
      return key === undefined ? 'it is not known where its value goes' : classes.get(key)?.reason;
    }),
  };
}

/** What reads a unit loses nothing with it when the unit is 0 or its weights are; of another constant the share is folded. */
async function checkReading(
  graph: Graph,
  coupling: Coupling,
  constants: ReadonlyMap<string, UnitConstants>,
  reading: Reading,
  classes: ReadonlyMap<number, Members>,
  unread: UnreadColumns,
): Promise<void> {
  const followed = coupling.followed.get(reading.value);
  const known = constants.get(reading.value);
  if (followed === undefined || known === undefined) return;
  let columns: Uint8Array | undefined;
  let asked = false;
  for (let unit = 0; unit < followed.size; unit++) {
    const members = classes.get(coupling.classOf(followed.first + unit));
    if (members === undefined || members.reason !== undefined) continue;
    const constant = known[unit] ?? NaN;
    if (constant === 0) continue;
    if (!asked) columns = await unread(reading);
    asked = true;
    if (columns?.[unit] === 1) continue;
    const place = Number.isFinite(constant) ? biasPlace(graph, reading) : undefined;
    if (place === undefined) members.reason = whyRead(reading.node, constant);
    else members.folds.push({ reading, place, unit, constant });
  }
}

function whyRead({ opType }: GraphNode, constant: number): string {
  return Number.isNaN(constant)
    ? ALIVE
    : `its value is a constant other than 0, and ${opType} behind it has no bias that could take it exactly`;
}

/** Of every value at least one unit stays. */
function keepOne(coupling: Coupling, classes: ReadonlyMap<number, Members>): void {
  for (;;) {
    const leaving = (unit: number): Members | undefined => {
      const members = classes.get(coupling.classOf(unit));
      return members?.reason === undefined ? members : undefined;
    };
    let changed = false;
    for (const { first, size } of coupling.followed.values()) {
      let all = size > 0;
      for (let unit = first; all && unit < first + size; unit++) all = leaving(unit) !== undefined;
      const members = all ? leaving(first) : undefined;
      if (members === undefined) continue;
      members.reason = LAST;
      changed = true;
    }
    if (!changed) return;
  }
}

function removedUnits(coupling: Coupling, leaving: readonly Members[]): Map<string, number[]> {
  const values = [...coupling.followed.values()];
  const removed = new Map<string, number[]>();
  for (const { units } of leaving) {
    for (const unit of units) {
      const { value, first } = holder(values, unit);
      const list = removed.get(value);
      if (list === undefined) removed.set(value, [unit - first]);
      else list.push(unit - first);
    }
  }
  for (const list of removed.values()) list.sort((a, b) => a - b);
  return removed;
}

/** Values stand in the order of their first units. */
function holder<Value extends { readonly first: number; readonly size: number }>(
  values: readonly Value[],
  unit: number,
): Value {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((values[middle] as Value).first <= unit) low = middle;
    else high = middle - 1;
  }
  return values[low] as Value;
}
