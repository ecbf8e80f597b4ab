/**
 * Checks a circuit by running the model itself: to what layers write, the changes of the sources are added, and the targets
 * are read again. `following`: attention patterns and the outputs of all other MLPs are held as they were, so that only the
 * ways of one edge are left, with normalisations free to follow; `total`: nothing is held. `held-runs.ts` holds
 * normalisations too.
 */
import { throwIfCancelled } from '../errors.js';
import type { Session } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { dataTypeOf } from '../linear/data-types.js';
import type { SystemModel } from '../linear/system-graphs.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../formats/onnx/onnx_pb.js';
import { prune } from '../rewrite/prune.js';
import { asComputed } from '../rewrite/splice.js';
import { spliceNodes } from '../rewrite/splice-nodes.js';
import { floatsOf, floatTensor, isFloatType } from '../tensor/floats.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
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
  /** How much each reading changes with all edits at once. @throws ProblemError as the engine does; CancelledError. */
  change(
    edits: readonly Edit[],
    readings: readonly Reading[],
    held: 'following' | 'total',
    signal?: AbortSignal,
  ): Promise<readonly number[]>;
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
  const changing = changingGraph(prepared.model, held, writersOf(sites), originals);
  const session = await engine.open(toRunnable(prune(changing.model, read)), { threads });

  async function once(opened: Session): Promise<NamedTensors> {
    try {
      return await opened.run(usedFeeds(opened, feeds));
    } finally {
      await opened.release();
    }
  }

  return {
    async change(edits, readings, mode, signal) {
      throwIfCancelled(signal);
      // What comes before an edit is not changed by it: holding it changes nothing.
      const found = await session.run(usedFeeds(session, changing.feeds(feeds, edits, mode === 'following')));
      throwIfCancelled(signal);
      return readings.map((reading) => {
        const valuesIn = (tensors: NamedTensors): Float32Array => floatsOf(valueOf(tensors, reading.value));
        return readAt(valuesIn(found), reading) - readAt(valuesIn(originals), reading);
      });
    },
    release: () => session.release(),
  };
}

interface ChangingGraph {
  readonly model: ModelProto;
  /** @param held whether all values are held as they were, before the edits are added. */
  feeds(given: NamedTensors, edits: readonly Edit[], held: boolean): NamedTensors;
}

/** A network whose values can be held, run by run, and to some of which something can be added. */
function changingGraph(
  model: ModelProto,
  values: readonly string[],
  writers: readonly string[],
  originals: NamedTensors,
): ChangingGraph {
  const names = new Map<string, { readonly original: string; readonly mask: string; readonly added?: string }>();
  const spliced = spliceNodes(model, values, (writer, computed, value) => {
    const { type, dims } = valueOf(originals, value);
    const numbered = dataTypeOf(type);
    if (numbered === undefined) throw new Error(`“${value}” holds no numbers.`);
    // Names of open sizes are those of one value each: engines share memory between values of the same sizes.
    const input = (what: string, of: DataType): string => {
      const name = `${value} ${what}`;
      return writer.input(
        name,
        of,
        dims.map((_, axis) => `${name} axis ${axis}`),
      );
    };
    const [original, mask] = [input('original', numbered), input('held', DataType.BOOL)];
    const chosen = writer.node('Where', [mask, original, computed]);
    if (!writers.includes(value)) {
      names.set(value, { original, mask });
      return chosen;
    }
    const added = input('added', numbered);
    names.set(value, { original, mask, added });
    return writer.node('Add', [chosen, added]);
  });
  return {
    model: spliced,
    feeds(given, edits, held) {
      const isCut = (name: string): boolean => names.has(name);
      const feeds = Object.entries(given).map(([name, tensor]): [string, Tensor] => [
        isCut(name) ? asComputed(name) : name,
        tensor,
      ]);
      for (const [value, { original, mask, added }] of names) {
        const tensor = valueOf(originals, value);
        const { type, dims } = tensor;
        if (!isFloatType(type)) throw new Error(`“${value}” holds no floating-point numbers.`);
        const small = dims.map(() => 1);
        const nothing = floatTensor(type, small, new Float32Array(1));
        feeds.push([original, held ? tensor : nothing]);
        feeds.push([mask, { type: 'bool', dims: small, data: Uint8Array.of(held ? 1 : 0) }]);
        if (added === undefined) continue;
        const own = edits.filter((edit) => edit.value === value);
        const sum = (): Float32Array => withEdits(new Float32Array(elementCount(dims)), own);
        feeds.push([added, own.length === 0 ? nothing : floatTensor(type, dims, sum())]);
      }
      return Object.fromEntries(feeds);
    },
  };
}

/** @param values [positions, width], after axes of size 1; they are not changed. */
export function withEdits(values: Float32Array, edits: readonly Pick<Edit, 'position' | 'added'>[]): Float32Array {
  const rows = Float32Array.from(values);
  for (const { position, added } of edits) {
    added.forEach((each, k) => {
      rows[position * added.length + k] = (rows[position * added.length + k] as number) + each;
    });
  }
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
