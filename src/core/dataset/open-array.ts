import { problem, ProblemError } from '../errors.js';
import type { ArrayFile } from '../formats/numpy/array-file.js';
import { openIdx } from '../formats/numpy/idx.js';
import { openNpy } from '../formats/numpy/npy.js';
import { openNpz } from '../formats/numpy/npz.js';
import type { DataFiles } from './data-files.js';

/** Whether a file's name says that it is an array we read; IDX files are called "t10k-images-idx3-ubyte.gz". */
export function isArrayName(name: string): boolean {
  return /\.(npy|npz|idx)$|\.idx\.gz$|idx\d-[a-z]+(\.gz)?$/i.test(name);
}

/**
 * Opens `.npy`, `.npz` or IDX (also gzipped), by the file's first bytes.
 * @param key the array of an archive; needed where it has more than one.
 * @throws ProblemError `invalid-inputs`, `truncated-file`.
 */
export function openArray(files: DataFiles, path: string, key: string | undefined): Promise<ArrayFile> {
  return asInputs(async () => {
    const file = await openAny(files, path, key);
    return { ...file, read: (start, end) => asInputs(() => file.read(start, end)) };
  });
}

/** Names of the arrays in an `.npz`. @throws ProblemError `invalid-inputs`, `truncated-file`. */
export function arrayNames(files: DataFiles, path: string): Promise<readonly string[]> {
  return asInputs(async () => (await openNpz(await files.open(path))).names);
}

async function openAny(files: DataFiles, path: string, key: string | undefined): Promise<ArrayFile> {
  const source = await files.open(path);
  const head = await source.read(0, Math.min(4, source.size));
  if (head[0] === 0x93) return openNpy(source);
  if (head[0] !== 0x50 || head[1] !== 0x4b) return openIdx(source);
  const archive = await openNpz(source);
  const [first, ...others] = archive.names;
  const name = key ?? first;
  if (name === undefined || (key === undefined && others.length > 0)) {
    throw problem('invalid-inputs', `${path} holds ${archive.names.length} arrays.`, {
      place: path,
      remedy:
        name === undefined
          ? 'Save the arrays again with np.savez.'
          : `Name one of them as “key” in the recipe: ${archive.names.slice(0, 20).join(', ')}.`,
    });
  }
  return archive.open(name);
}

/** The formats speak of models; what is wrong with an array that was chosen as input is wrong with the inputs. */
async function asInputs<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOfModel =
      error instanceof ProblemError &&
      ['not-a-model', 'malformed-model', 'not-applicable'].includes(error.problem.kind);
    throw isOfModel ? new ProblemError({ ...error.problem, kind: 'invalid-inputs' }) : error;
  }
}
