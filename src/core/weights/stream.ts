/** Reading the numbers of a tensor from end to end, piece by piece, without ever holding it. */
import { problem, throwIfCancelled } from '../errors.js';
import type { TensorValues, WeightTensor } from '../formats/tensor-file.js';
import { bytesPerStored, storedArray } from '../tensor/stored-type.js';
import { elementCount, type NumberArray } from '../tensor/tensor.js';
import { bytesOfValues } from '../tensor/typed-array.js';

/** What every long question about a tensor takes. */
export interface Task {
  /** Ends the question with a CancelledError, within the time that one piece takes. */
  readonly signal?: AbortSignal;
  /** Told the share that is done, 0 to 1, never falling. */
  readonly onProgress?: (share: number) => void;
}

/** Neighbouring elements of a tensor, in row-major order. */
export interface Chunk {
  /** Index of the first. */
  readonly start: number;
  /** Holds them until the next chunk is asked for: whoever keeps them longer copies them. */
  readonly data: NumberArray;
}

/** Measured: larger pieces leave the processor's cache before they are counted, smaller ones cost more calls. */
const CHUNK_BYTES = 2 ** 20;
/** Tensors up to this size are read once, although several passes go over them. */
const HELD_BYTES = 2 ** 24;
/** Longest stretch of work without a break for messages. */
const LONGEST_STRETCH_MILLISECONDS = 40;

/** @throws ProblemError `not-applicable` where the tensor has no numbers. */
export function valuesOf(tensor: WeightTensor): TensorValues {
  if (tensor.values !== undefined) return tensor.values;
  throw problem('not-applicable', `The values of this tensor cannot be read. ${tensor.unreadable ?? ''}`.trim(), {
    place: `tensor “${tensor.name}”`,
  });
}

/** A break that is taken only when the last one was long ago. @throws CancelledError. */
export function createPause(signal: AbortSignal | undefined): () => Promise<void> {
  let last = performance.now();
  return async () => {
    throwIfCancelled(signal);
    if (performance.now() - last < LONGEST_STRETCH_MILLISECONDS) return;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    throwIfCancelled(signal);
    last = performance.now();
  };
}

/** One part of a task: what it reports counts as the stretch from `from` to `to` of the whole. */
export function partOf({ signal, onProgress }: Task, from: number, to: number): Task {
  return { signal, onProgress: onProgress && ((share) => onProgress(from + share * (to - from))) };
}

/**
 * All elements in pieces of about a megabyte. The next piece is read while the caller works on this one.
 * @throws CancelledError, and what reading throws.
 */
export async function* chunksOf(values: TensorValues, count: number, task: Task): AsyncGenerator<Chunk> {
  const pause = createPause(task.signal);
  const size = CHUNK_BYTES / bytesPerStored(values.type);
  const again = readAgain(values);
  const read = (start: number): Promise<NumberArray> => {
    const reading = again.read(start, Math.min(size, count - start));
    // Whoever leaves the loop early never awaits it; its error must not end the process.
    reading.catch(() => undefined);
    return reading;
  };
  if (count === 0) return;
  throwIfCancelled(task.signal);
  let next = read(0);
  for (let start = 0; start < count; start += size) {
    const data = await next;
    if (start + size < count) next = read(start + size);
    yield { start, data };
    task.onProgress?.(Math.min(1, (start + size) / count));
    await pause();
  }
}

/**
 * The same values, where possible read into arrays that are used again: what a reading gave holds until the reading after
 * the next begins. Fresh arrays take longer to get and to give back than to fill.
 */
export function readAgain(values: TensorValues): TensorValues {
  const { type } = values;
  if (values.readInto === undefined) return values;
  let [target, other] = [storedArray(type, 0), storedArray(type, 0)];
  return {
    type,
    async read(start, count) {
      [target, other] = [other, target];
      if (target.length < count) target = storedArray(type, count);
      const piece = target.subarray(0, count);
      await values.readInto?.(start, piece);
      return piece;
    },
  };
}

/** The same values, read from the file only once where they fit into 16 MB. */
export async function heldIfSmall(values: TensorValues, dims: readonly number[]): Promise<TensorValues> {
  const count = elementCount(dims);
  if (count * bytesPerStored(values.type) > HELD_BYTES) return values;
  const data = await values.read(0, count);
  return {
    type: values.type,
    read: (start, length) => Promise.resolve(data.slice(start, start + length)),
    readInto(start, target) {
      bytesOfValues(target).set(bytesOfValues(data.subarray(start, start + target.length)));
      return Promise.resolve();
    },
  };
}
