/** Opens HDF5 files, as Keras saves its weights and models. */
import type { ByteSource } from '../../core/bytes/byte-source.js';
import { displayText } from '../../core/display-text.js';
import { throwIfCancelled, type Problem } from '../../core/errors.js';
import { blockCache, type BlockCache } from '../../core/formats/block-cache.js';
import { listedProblems } from '../../core/formats/listed-problems.js';
import { checkRange } from '../../core/formats/plain-values.js';
import { KEPT_BLOCKS } from '../../core/formats/strided-values.js';
import type { TensorFile, TensorValues, WeightTensor } from '../../core/formats/tensor-file.js';
import { storedArray, type StoredType } from '../../core/tensor/stored-type.js';
import { elementCount } from '../../core/tensor/tensor.js';
import { bytesOfValues } from '../../core/tensor/typed-array.js';
import type { Hdf5Contents, Hdf5Dataset } from './messages.js';
import type { Hdf5Questions, Hdf5Thread } from './question-thread.js';

/** Asked for at once. */
const STEP_BYTES = 4 * 1024 * 1024;
/** What is stored in chunks is read in whole rows of chunks, so that none is unpacked twice: up to this much. */
const BLOCK_BYTES = 8 * 1024 * 1024;

/**
 * Lists the datasets; values are read by range.
 * @param thread is the file's own: it is closed with the file, and when opening fails.
 * @throws ProblemError `malformed-model` with the library's reason, and what reading the source throws; CancelledError.
 */
export async function openHdf5(source: ByteSource, thread: Hdf5Thread, signal?: AbortSignal): Promise<TensorFile> {
  const giveUp = (): void => void thread.close();
  signal?.addEventListener('abort', giveUp);
  try {
    throwIfCancelled(signal);
    const questions = thread.about(source);
    const contents = await questions.contents();
    throwIfCancelled(signal);
    const cache = blockCache(KEPT_BLOCKS);
    return {
      format: 'hdf5',
      formatName: formatName(contents),
      tensors: contents.datasets.map((dataset) => weightTensor(questions, dataset, cache)),
      metadata: contents.metadata,
      files: [source.name],
      fileBytes: source.size,
      externalBytes: 0,
      problems: problemsOf(source, contents),
      async close() {
        await thread.close();
        await source.close?.();
      },
    };
  } catch (error) {
    await thread.close();
    throwIfCancelled(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

function formatName({ metadata }: Hdf5Contents): string {
  const version = metadata.find(({ key }) => /(^|\.)keras_version$/.test(key))?.value;
  return version === undefined ? 'HDF5' : `HDF5 (Keras ${displayText(version, 20)})`;
}

function weightTensor(questions: Hdf5Questions, dataset: Hdf5Dataset, cache: BlockCache): WeightTensor {
  const { path, dims, dtype, elementBytes, type, unreadable = 'It holds no numbers.' } = dataset;
  return {
    name: path,
    dims,
    dtype,
    // As they are unpacked: the library does not say how many they take in the file.
    bytes: elementCount(dims) * elementBytes,
    ...(type === undefined ? { unreadable } : { values: datasetValues(questions, dataset, type, cache) }),
  };
}

function datasetValues(
  questions: Hdf5Questions,
  { path, dims, elementBytes, chunk }: Hdf5Dataset,
  type: StoredType,
  cache: BlockCache,
): TensorValues {
  const elements = elementCount(dims);
  const fill = async (first: number, target: Uint8Array): Promise<void> => {
    const step = Math.max(1, Math.floor(STEP_BYTES / elementBytes)) * elementBytes;
    for (let at = 0; at < target.length; at += step) {
      const count = Math.min(step, target.length - at) / elementBytes;
      target.set(await questions.values({ path, dims, elementBytes, start: first + at / elementBytes, count }), at);
    }
    // Writers may leave anything but zero for true.
    if (type === 'bool') for (let i = 0; i < target.length; i++) target[i] = target[i] === 0 ? 0 : 1;
  };
  const readDirectly = async (first: number, count: number): Promise<ReturnType<typeof storedArray>> => {
    const values = storedArray(type, count);
    await fill(first, bytesOfValues(values));
    return values;
  };
  if (chunk === undefined) {
    return {
      type,
      async read(first, count) {
        checkRange(first, count, elements);
        return readDirectly(first, count);
      },
    };
  }
  const owner = {};
  const blockElements = elementsOfBlock(dims, chunk, elementBytes);
  return {
    type,
    async read(first, count) {
      checkRange(first, count, elements);
      const values = storedArray(type, count);
      const bytes = bytesOfValues(values);
      for (let filled = 0; filled < count;) {
        const index = Math.floor((first + filled) / blockElements);
        const start = index * blockElements;
        const block = await cache.block(owner, index, () =>
          readDirectly(start, Math.min(blockElements, elements - start)),
        );
        const part = block.subarray(first + filled - start, first + count - start);
        bytes.set(bytesOfValues(part), filled * elementBytes);
        filled += part.length;
      }
      return values;
    },
  };
}

/** As many whole rows of chunks as fit; where not even one does, as many elements. */
function elementsOfBlock(dims: readonly number[], chunk: readonly number[], elementBytes: number): number {
  const most = Math.max(1, Math.floor(BLOCK_BYTES / elementBytes));
  const rowOfChunks = (chunk[0] ?? 1) * elementCount(dims.slice(1));
  return rowOfChunks > 0 && rowOfChunks <= most ? Math.floor(most / rowOfChunks) * rowOfChunks : most;
}

function problemsOf(source: ByteSource, { skipped, damage }: Hdf5Contents): readonly Problem[] {
  const place = (path: string): string => `“${displayText(path, 100)}” in ${source.name}`;
  const problems = skipped.map(({ path, why }): Problem => ({
    kind: 'skipped-object',
    message: `The object “${displayText(path, 100)}” ${displayText(why)}.`,
    place: place(path),
    remedy: 'Save what it stands for into one file.',
  }));
  if (damage !== undefined) {
    problems.unshift({
      kind: 'malformed-model',
      message: `“${source.name}” is damaged, and only a part of it is listed: ${displayText(damage)}.`,
      place: source.name,
      remedy: 'Download or save the file again.',
    });
  }
  return listedProblems(problems, (hidden) => ({
    kind: 'skipped-object',
    message: `${hidden} more objects that are not listed as tensors are not named.`,
    place: source.name,
  }));
}
