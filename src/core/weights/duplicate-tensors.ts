/** Tensors that hold the same: copies, and weights that were tied and stored twice. Source: methods M4. */
import { ProblemError } from '../errors.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { elementCount } from '../tensor/tensor.js';
import { contentHash, isSame } from './duplicates/content-hash.js';
import { chunksOf, partOf, valuesOf, type Chunk, type Task } from './stream.js';

export interface DuplicateTensors {
  /** Indices of tensors with equal dimensions, type and values, bit for bit; two or more together, ascending. */
  readonly groups: readonly (readonly number[])[];
  /** Indices of tensors of equal size that could not be compared because they could not be read. */
  readonly unread: readonly number[];
}

/** Values at the beginning that tell most tensors of one size apart, so that the rest of them is not read. */
const BEGINNING = 2 ** 14;

/**
 * Only tensors whose dimensions and type another has are read: first their beginnings, then those whose beginnings are
 * equal from end to end, twice: once for a hash, once to compare what has one hash. Empty tensors and those without
 * numbers are left out.
 * @throws CancelledError
 */
export async function duplicateTensors(tensors: readonly WeightTensor[], task: Task = {}): Promise<DuplicateTensors> {
  const unread: number[] = [];
  const indices = tensors.flatMap((tensor, index) =>
    tensor.values !== undefined && elementCount(tensor.dims) > 0 ? [index] : [],
  );
  const sizes = bucketsOf(indices, (index) => sizeOf(tensors[index] as WeightTensor));
  const split = async (
    buckets: readonly number[][],
    keyOf: (tensor: WeightTensor, part: Task) => Promise<string>,
    part: Task,
  ): Promise<number[][]> => {
    const keys = new Map<number, string>();
    const all = buckets.flat();
    const costs = all.map((index) => elementCount((tensors[index] as WeightTensor).dims));
    const total = costs.reduce((sum, cost) => sum + cost, 0);
    let done = 0;
    for (const [at, index] of all.entries()) {
      const next = done + (costs[at] as number);
      const key = await orUnread(() => keyOf(tensors[index] as WeightTensor, partOf(part, done / total, next / total)));
      if (key === undefined) unread.push(index);
      else keys.set(index, key);
      done = next;
    }
    return buckets.flatMap((bucket) =>
      bucketsOf(
        bucket.filter((index) => keys.has(index)),
        (index) => keys.get(index),
      ),
    );
  };
  const begun = await split(sizes, (tensor, part) => hashOf(tensor, BEGINNING, part), partOf(task, 0, 0.1));
  const hashed = await split(begun, (tensor, part) => hashOf(tensor, Infinity, part), partOf(task, 0.1, 0.6));
  const groups: number[][] = [];
  const comparing = partOf(task, 0.6, 1);
  for (const [at, bucket] of hashed.entries()) {
    const found: number[][] = [];
    for (const index of bucket) {
      const tensor = tensors[index] as WeightTensor;
      let own: number[] | undefined;
      let isRead = true;
      for (const group of found) {
        const first = tensors[group[0] as number] as WeightTensor;
        const same = await orUnread(() => isEqual(first, tensor, { signal: task.signal }));
        isRead = same !== undefined;
        if (same === true) own = group;
        if (same !== false) break;
      }
      if (!isRead) unread.push(index);
      else if (own === undefined) found.push([index]);
      else own.push(index);
    }
    groups.push(...found.filter((group) => group.length > 1));
    comparing.onProgress?.((at + 1) / hashed.length);
  }
  task.onProgress?.(1);
  return { groups: groups.sort(([a = 0], [b = 0]) => a - b), unread: unread.sort((a, b) => a - b) };
}

function sizeOf({ dims, dtype, bytes, values }: WeightTensor): string {
  return `${dtype} ${values?.type} ${bytes} ${dims.join(' ')}`;
}

/** Those of equal key together; alone is left out. */
function bucketsOf(indices: readonly number[], keyOf: (index: number) => string | undefined): number[][] {
  const buckets = new Map<string | undefined, number[]>();
  for (const index of indices) {
    const key = keyOf(index);
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, [index]);
    else bucket.push(index);
  }
  return [...buckets.values()].filter(({ length }) => length > 1);
}

/** A tensor that cannot be read is no reason to say nothing of all others. */
async function orUnread<T>(question: () => Promise<T>): Promise<T | undefined> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return undefined;
  }
}

async function hashOf(tensor: WeightTensor, most: number, task: Task): Promise<string> {
  const hash = contentHash();
  const count = Math.min(most, elementCount(tensor.dims));
  for await (const { data } of chunksOf(valuesOf(tensor), count, task)) hash.add(data);
  return String(hash.finish());
}

async function isEqual(one: WeightTensor, other: WeightTensor, task: Task): Promise<boolean> {
  const count = elementCount(one.dims);
  const others = chunksOf(valuesOf(other), count, task);
  try {
    for await (const { data } of chunksOf(valuesOf(one), count, task)) {
      const { value } = await others.next();
      if (value === undefined || !isSame(data, (value as Chunk).data)) return false;
    }
    return true;
  } finally {
    await others.return(undefined);
  }
}
