/** NumPy's files as files of weights: an array is one tensor, an archive is one tensor per array. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { displayText } from '../../display-text.js';
import { asProblem, problem, ProblemError, type Problem } from '../../errors.js';
import { elementCount } from '../../tensor/tensor.js';
import { blockCache, type BlockCache } from '../block-cache.js';
import { listedProblems } from '../listed-problems.js';
import { memorySource } from '../../bytes/memory-source.js';
import { KEPT_BLOCKS } from '../strided-values.js';
import type { TensorFile, WeightTensor } from '../tensor-file.js';
import { openZip, type ZipArchive } from '../zip/archive.js';
import type { ZipMember } from '../zip/directory.js';
import { arrayValues } from './array-file.js';
import { MAXIMUM_HEADER_BYTES, PREFIX_BYTES, plainLayout, readNpyHeader, type NpyHeader } from './npy.js';
import { arrayMembers } from './npz.js';

/** What the header of a plain array takes, and more where that does not do. */
const USUAL_HEAD_BYTES = 256;

/**
 * Opens `.npy` or `.npz`, by the file's first bytes. Reads headers only; values are read by range, also of arrays in
 * Fortran's order. An archive with a member that cannot be read is opened without it.
 * @throws ProblemError `empty-file`, `not-a-model`, `truncated-file` or `malformed-model`.
 */
export async function openNumpy(source: ByteSource, signal?: AbortSignal): Promise<TensorFile> {
  if (source.size === 0)
    throw problem('empty-file', `“${source.name}” is empty.`, { place: `byte 0 of ${source.name}` });
  const magic = await source.read(0, Math.min(2, source.size));
  const isArchive = magic[0] === 0x50 && magic[1] === 0x4b;
  const cache = blockCache(KEPT_BLOCKS);
  const { tensors, problems } = isArchive
    ? await readArchive(await openZip(source, signal), cache, signal)
    : { tensors: [await readArray(source, cache)], problems: [] };
  return {
    format: 'numpy',
    formatName: isArchive ? 'NumPy archive' : 'NumPy array',
    tensors,
    metadata: [],
    files: [source.name],
    fileBytes: source.size,
    externalBytes: 0,
    problems,
    close: async () => source.close?.(),
  };
}

async function readArray(source: ByteSource, cache: BlockCache): Promise<WeightTensor> {
  const name = source.name.replace(/^.*[\\/]/, '').replace(/\.npy$/i, '');
  return tensorOf(name, source, await readNpyHeader(source), cache);
}

async function readArchive(
  archive: ZipArchive,
  cache: BlockCache,
  signal: AbortSignal | undefined,
): Promise<{ readonly tensors: readonly WeightTensor[]; readonly problems: readonly Problem[] }> {
  const problems = archive.repeated.map((name): Problem => ({
    kind: 'malformed-model',
    message: `“${archive.name}” has several members called “${displayText(name)}”; the last one is shown.`,
    place: `“${displayText(name)}” in ${archive.name}`,
  }));
  const arrays = arrayMembers(archive.members);
  if (arrays.size === 0) {
    throw problem('not-a-model', `“${archive.name}” is a ZIP archive that holds no NumPy arrays.`, {
      place: `byte 0 of ${archive.name}`,
      remedy: 'Choose an archive that was saved with np.savez.',
    });
  }
  const tensors: WeightTensor[] = [];
  const pause = breather(signal);
  for (const [name, member] of arrays) {
    await pause();
    try {
      const header = await memberHeader(archive, member);
      tensors.push(tensorOf(name, archive.open(member), header, cache));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(asProblem(error));
    }
  }
  const hidden = (count: number): Problem => ({
    kind: 'malformed-model',
    message: `${count} more arrays that cannot be read are not listed.`,
  });
  return { tensors, problems: listedProblems(problems, hidden) };
}

/** A member's header, read without unpacking more than its beginning. */
async function memberHeader(archive: ZipArchive, member: ZipMember): Promise<NpyHeader> {
  const headerOf = async (headBytes: number): Promise<NpyHeader> =>
    readNpyHeader(memorySource(archive.open(member).name, await archive.head(member, headBytes)));
  try {
    return await headerOf(USUAL_HEAD_BYTES);
  } catch (error) {
    const isCut = error instanceof ProblemError && error.problem.kind === 'truncated-file';
    if (!isCut || member.bytes <= USUAL_HEAD_BYTES) throw error;
    return headerOf(PREFIX_BYTES + MAXIMUM_HEADER_BYTES);
  }
}

function tensorOf(name: string, source: ByteSource, header: NpyHeader, cache: BlockCache): WeightTensor {
  const { dims, descr, element, start } = header;
  const layout = plainLayout(header);
  const left = Math.max(0, source.size - start);
  const described = { name, dims, dtype: layout?.type ?? descr };
  if (layout === undefined) {
    const bytes = element.bytes === undefined ? left : Math.min(left, elementCount(dims) * element.bytes);
    return { ...described, bytes, unreadable: element.unreadable ?? 'Its type is not known.' };
  }
  const values = arrayValues(source, layout, cache);
  return { ...described, bytes: elementCount(dims) * (element.bytes ?? 0), values };
}
