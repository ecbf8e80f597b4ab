/** Lists what an HDF5 file holds. For the thread only. */
import { attributeText, metadataOf } from './attributes.js';
import type { Hdf5Library, Hdf5Metadata } from './library.js';
import type { Hdf5Contents, Hdf5Dataset, Hdf5Skipped } from './messages.js';
import { knownType } from './types.js';

/** As many as the other formats list. */
const MAXIMUM_OBJECTS = 100_000;
/** A file of nothing but skipped objects is told by its first. */
const MAXIMUM_SKIPPED = 1000;
/** What unpacking can make of a file at most (deflate: 1032 times), and room for what is not stored at all. */
const LARGEST_RATIO = 1100;
const UNSTORED_BYTES = 256 * 1024 * 1024;
/** Filters below are part of the HDF5 library. */
const FIRST_FOREIGN_FILTER = 256;

/** H5G_obj_t of H5Gpublic.h. */
const DATASET = 1;

/** @throws Error with the library's reason where nothing can be listed. */
export function listContents(library: Hdf5Library, file: bigint, fileBytes: number): Hdf5Contents {
  const { functions, takeComplaint } = library;
  const names = functions.get_names(file, '/', true);
  let damage = takeComplaint();
  if (damage !== undefined && names.length === 0) throw new Error(damage);
  if (names.length > MAXIMUM_OBJECTS) throw new Error(`it holds ${names.length} objects, more than ${MAXIMUM_OBJECTS}`);
  const datasets: Hdf5Dataset[] = [];
  const skipped: Hdf5Skipped[] = [];
  const skip = (path: string, why: string): void => {
    if (skipped.length < MAXIMUM_SKIPPED) skipped.push({ path, why });
  };
  for (const path of names) {
    // A link inside the file leads to what is listed under its own name.
    if (functions.get_symbolic_link(file, path) !== null) continue;
    const { filename } = functions.get_external_link(file, path);
    if (filename !== undefined) skip(path, `is a link to the file “${filename}”, which is not opened`);
    else if (functions.get_type(file, path) === DATASET) {
      try {
        datasets.push(describeDataset(library, file, path, fileBytes));
      } catch (error) {
        if (!(error instanceof DamagedObject)) throw error;
        skip(path, `cannot be read: ${error.message}`);
      }
    }
    const complaint = takeComplaint();
    if (complaint !== undefined) damage ??= complaint;
  }
  return { datasets, skipped, metadata: metadataOf(library, file), damage };
}

class DamagedObject extends Error {}

function describeDataset(library: Hdf5Library, file: bigint, path: string, fileBytes: number): Hdf5Dataset {
  const { functions, takeComplaint } = library;
  const found = functions.get_dataset_metadata(file, path);
  const complaint = takeComplaint();
  if (complaint !== undefined) throw new DamagedObject(complaint);
  const stated = functions.get_attribute_names(file, path).includes('dtype')
    ? attributeText(library, file, path, 'dtype')
    : undefined;
  const { dtype, type, unreadable } = knownType(found, stated);
  const dims = found.shape ?? [0];
  const elements = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
  if (!dims.every((dim) => Number.isSafeInteger(dim)) || !Number.isSafeInteger(elements * Math.max(1, found.size)))
    throw new DamagedObject(`its shape is ${dims.join(' × ')}`);
  const described = { path, dims, dtype, elementBytes: found.size };
  const why = unreadable ?? cannotBeRead(library, file, path, found, elements * found.size, fileBytes);
  if (why !== undefined || type === undefined) return { ...described, unreadable: why ?? 'It holds no numbers.' };
  return { ...described, type, ...(found.chunks === null ? {} : { chunk: found.chunks }) };
}

function cannotBeRead(
  { functions }: Hdf5Library,
  file: bigint,
  path: string,
  { virtual_sources: sources = [], chunks }: Hdf5Metadata,
  bytes: number,
  fileBytes: number,
): string | undefined {
  // The library would give zeros for what it cannot reach.
  if (sources.length > 0) return 'It is put together from other datasets, which is not read.';
  const foreign =
    chunks === null
      ? undefined
      : functions.get_dataset_filters(file, path).find(({ id }) => id >= FIRST_FOREIGN_FILTER);
  if (foreign !== undefined)
    return `It is packed with the filter “${foreign.name || foreign.id}”, which this version does not have.`;
  if (bytes > LARGEST_RATIO * fileBytes + UNSTORED_BYTES) return 'It says that it holds more than this file could.';
  return undefined;
}
