import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import type { Problem } from '../../errors.js';
import { listedProblems } from '../listed-problems.js';
import type { TensorFile, WeightTensor } from '../tensor-file.js';
import { readHeader, type HeaderEntry, type SafetensorsHeader } from './header.js';
import { entryValues } from './values.js';

/**
 * Opens one safetensors file: reads its header; values are read by range.
 * @throws ProblemError `empty-file`, `truncated-file` or `malformed-model`.
 */
export async function openSafetensors(source: ByteSource, signal?: AbortSignal): Promise<TensorFile> {
  const header = await readHeader(source, signal);
  const tensors: WeightTensor[] = [];
  const pause = breather(signal);
  for (const entry of header.entries) {
    await pause();
    tensors.push(weightTensor(source, entry));
  }
  return {
    format: 'safetensors',
    formatName: 'safetensors',
    tensors,
    metadata: [...header.metadata].map(([key, value]) => ({ key, value })),
    files: [source.name],
    fileBytes: source.size,
    externalBytes: 0,
    problems: holeProblems(source, header),
    close: async () => source.close?.(),
  };
}

/** @param file where the model is a set of files: the one that holds it. */
export function weightTensor(source: ByteSource, entry: HeaderEntry, file?: string): WeightTensor {
  const { name, dims, dtype, start, end } = entry;
  const place = file === undefined ? {} : { file };
  return { name, dims, dtype, bytes: end - start, ...place, ...entryValues(source, entry) };
}

/** The format's own reader refuses files with bytes that belong to no tensor. */
export function holeProblems(source: ByteSource, { holes }: SafetensorsHeader): readonly Problem[] {
  const problems = holes.map(({ start, end }): Problem => ({
    kind: 'malformed-model',
    message: `Bytes ${start} to ${end} of “${source.name}” belong to no tensor, which the format does not allow.`,
    place: `byte ${start} of ${source.name}`,
    remedy: 'Save the file again.',
  }));
  return listedProblems(problems, (hidden) => ({
    kind: 'malformed-model',
    message: `${hidden} more ranges of bytes that belong to no tensor are not listed.`,
  }));
}
