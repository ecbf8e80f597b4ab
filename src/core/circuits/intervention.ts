/**
 * Checks a circuit by running the model itself: what a source wrote is changed in place, and the target is read again.
 * `following`: attention patterns and the outputs of all other MLPs are held as they were, so that only the ways of one
 * edge are left, with normalisations free to follow; `total`: nothing is held. `held-runs.ts` holds normalisations too.
 */
import { throwIfCancelled } from '../errors.js';
import type { Session } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { dataTypeOf } from '../linear/data-types.js';
import type { SystemModel } from '../linear/system-graphs.js';
import { noPatch, patchValues, type SplicedValue } from '../rewrite/splice.js';
import { prune } from '../rewrite/prune.js';
import { floatsOf, floatTensor, isFloatType } from '../tensor/floats.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { writersOf, type ReplacementSites } from './replacement-model.js';

/** A change of one row of the residual stream's writers. */
export interface Edit {
  /** The embedding, or what an MLP writes. */
  readonly value: string;
  readonly position: number;
  /** What is added there. */
  readonly added: Float32Array;
}

/** ⟨direction, value⟩ at a position. */
export interface Reading {
  readonly value: string;
  readonly position: number;
  readonly direction: Float32Array;
}

export interface Interventions {
  /** How much a reading changes. @throws ProblemError as the engine does; CancelledError. */
  change(edit: Edit, reading: Reading, held: 'following' | 'total', signal?: AbortSignal): Promise<number>;
  release(): Promise<void>;
}

/**
 * @param patterns attention patterns that are held; without those that are no values of their own, attention follows.
 * @throws ProblemError as the engine does.
 */
export async function openInterventions(
  { prepared, engine, threads, toRunnable }: SystemModel,
  sites: ReplacementSites,
  patterns: readonly string[],
  feeds: NamedTensors,
): Promise<Interventions> {
  const { layers, logits } = sites;
  const held = [...new Set([...writersOf(sites), ...patterns])];
  const read = [...new Set([...layers.map(({ reads }) => reads), logits])];
  const originals = await once(await engine.open(toRunnable(prune(prepared.model, [...held, ...read])), { threads }));
  const spliced = held.map((value): SplicedValue => {
    const { type, dims } = valueOf(originals, value);
    const numbered = dataTypeOf(type);
    if (numbered === undefined) throw new Error(`“${value}” holds no numbers.`);
    return { value, type: numbered, rank: dims.length };
  });
  const patched = patchValues(prepared.model, spliced);
  const session = await engine.open(toRunnable(prune(patched.model, read)), { threads });
  const untouched = Object.fromEntries(
    spliced.flatMap((each) => {
      const { values, mask } = patched.patches.get(each.value) as { values: string; mask: string };
      const none = noPatch(each);
      return [
        [values, none.values],
        [mask, none.mask],
      ];
    }),
  );

  async function once(opened: Session): Promise<NamedTensors> {
    try {
      return await opened.run(usedFeeds(opened, feeds));
    } finally {
      await opened.release();
    }
  }

  const patchOf = (value: string, tensor: Tensor): NamedTensors => {
    const { values, mask } = patched.patches.get(value) as { values: string; mask: string };
    const everywhere = { type: 'bool', dims: tensor.dims.map(() => 1), data: Uint8Array.of(1) } as const;
    return { [values]: tensor, [mask]: everywhere };
  };

  return {
    async change({ value, position, added }, reading, mode, signal) {
      throwIfCancelled(signal);
      const changed = valueOf(originals, value);
      if (!isFloatType(changed.type)) throw new Error(`“${value}” holds no floating-point numbers.`);
      const rows = edited(floatsOf(changed), { position, added });
      let patches = patchOf(value, floatTensor(changed.type, changed.dims, rows));
      // What comes before the edit is not changed by it: holding it changes nothing.
      if (mode === 'following') {
        for (const other of held)
          if (other !== value) patches = { ...patches, ...patchOf(other, valueOf(originals, other)) };
      }
      const found = await session.run(usedFeeds(session, { ...patched.feeds(feeds), ...untouched, ...patches }));
      throwIfCancelled(signal);
      const valuesIn = (tensors: NamedTensors): Float32Array => floatsOf(valueOf(tensors, reading.value));
      return readAt(valuesIn(found), reading) - readAt(valuesIn(originals), reading);
    },
    release: () => session.release(),
  };
}

/** @param values [positions, width], after axes of size 1; they are not changed. */
export function edited(values: Float32Array, { position, added }: Pick<Edit, 'position' | 'added'>): Float32Array {
  const rows = Float32Array.from(values);
  added.forEach((each, k) => {
    rows[position * added.length + k] = (rows[position * added.length + k] as number) + each;
  });
  return rows;
}

/** @param values [positions, width], after axes of size 1. */
export function readAt(values: Float32Array, { position, direction }: Reading): number {
  const first = position * direction.length;
  return direction.reduce((sum, weight, k) => sum + weight * (values[first + k] as number), 0);
}

function valueOf(values: NamedTensors, name: string): Tensor {
  const tensor = values[name];
  if (tensor === undefined) throw new Error(`The engine did not give “${name}”.`);
  return tensor;
}
