/** Opens GGUF files, and all parts of a model that was split ("name-00001-of-00003.gguf"). */
import type { ByteSource, SiblingFiles } from '../../bytes/byte-source.js';
import { displayText } from '../../display-text.js';
import { asProblem, problem, ProblemError, throwIfCancelled, type Problem } from '../../errors.js';
import { listedProblems } from '../listed-problems.js';
import type { TensorFile, WeightTensor } from '../tensor-file.js';
import { readGgufHeader, type GgufHeader, type GgufTensor } from './header.js';
import { ggufValues } from './values.js';

/** Models of a thousand billion weights are split into some 50. */
const MAXIMUM_PARTS = 1000;

interface Part {
  readonly source: ByteSource;
  readonly header: GgufHeader;
}

/**
 * Reads the header of a GGUF file, or of all files of the set that it is a part of. A part that is missing or damaged is
 * a problem of the set; the rest is shown.
 * @param siblings files of the model's folder; without them the file is opened alone.
 * @throws ProblemError `empty-file`, `truncated-file`, `not-a-model` or `malformed-model` for the file itself.
 */
export async function openGguf(source: ByteSource, siblings?: SiblingFiles, signal?: AbortSignal): Promise<TensorFile> {
  const opened: Part = { source, header: await readGgufHeader(source, signal) };
  const problems: Problem[] = [];
  const parts: Part[] = [];
  for (const name of partNames(source.name)) {
    throwIfCancelled(signal);
    if (name === source.name) {
      parts.push(opened);
      continue;
    }
    try {
      if (siblings === undefined) throw missing(name);
      const part = await siblings.open(name);
      parts.push({ source: part, header: await readGgufHeader(part, signal) });
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(asProblem(error));
    }
  }
  const isSet = parts.length > 1;
  const { tensors, repeated } = tensorsOf(parts, isSet);
  problems.push(...repeated, ...statedPartsProblem(opened, parts.length + problems.length));
  const others = parts.filter((part) => part !== opened);
  const { version, bigEndian } = opened.header;
  return {
    format: 'gguf',
    formatName: `GGUF version ${version}${bigEndian ? ', big-endian' : ''}${isSet ? `, ${parts.length} files` : ''}`,
    tensors,
    // The first part has the metadata of the model, the others little more than their number.
    metadata: parts[0]?.header.metadata ?? [],
    files: [source.name, ...others.map((part) => part.source.name)],
    fileBytes: source.size,
    externalBytes: others.reduce((sum, part) => sum + part.source.size, 0),
    problems: listedProblems(problems, (hidden) => ({
      kind: 'missing-external-data',
      message: `${hidden} more problems of the set are not listed.`,
    })),
    close: async () => {
      for (const part of parts) await part.source.close?.();
    },
  };
}

/** The names of all parts in order, or the name alone where it is not that of a part. */
function partNames(name: string): readonly string[] {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/s.exec(name);
  const total = Number(match?.[3]);
  const own = Number(match?.[2]);
  if (match === null || total < 2 || total > MAXIMUM_PARTS || own < 1 || own > total) return [name];
  return Array.from(
    { length: total },
    (_, index) => `${match[1] ?? ''}-${String(index + 1).padStart(5, '0')}-of-${match[3] ?? ''}.gguf`,
  );
}

function tensorsOf(parts: readonly Part[], isSet: boolean): { tensors: WeightTensor[]; repeated: Problem[] } {
  const repeated: Problem[] = [];
  const tensors = new Map<string, WeightTensor>();
  for (const { source, header } of parts) {
    for (const tensor of header.tensors) {
      if (!tensors.has(tensor.name)) tensors.set(tensor.name, weightTensor(source, header, tensor, isSet));
      else {
        repeated.push({
          kind: 'malformed-model',
          message: `The tensor “${displayText(tensor.name, 100)}” is in more than one file of the set; the first is shown.`,
          place: source.name,
          remedy: 'Check that all files are of the same model.',
        });
      }
    }
  }
  return { tensors: [...tensors.values()], repeated };
}

function weightTensor(source: ByteSource, header: GgufHeader, tensor: GgufTensor, isSet: boolean): WeightTensor {
  const values = ggufValues(source, tensor, header.bigEndian);
  return {
    name: tensor.name,
    dims: tensor.dims,
    dtype: tensor.type?.name ?? `type ${tensor.typeNumber}`,
    bytes: tensor.bytes,
    ...(isSet ? { file: source.name } : {}),
    ...(values === undefined ? { unreadable: unreadable(tensor) } : { values }),
  };
}

function unreadable({ type, typeNumber }: GgufTensor): string {
  return type === undefined
    ? `The type ${typeNumber} is not one that this version knows.`
    : `Values of ${type.name} need code books that are part of llama.cpp, so they are not shown.`;
}

/** A part that was renamed: its metadata say that there are more files, and its name does not say which. */
function statedPartsProblem({ source, header }: Part, known: number): Problem[] {
  const stated = Number(header.metadata.find(({ key }) => key === 'split.count')?.value ?? 1);
  if (!(stated > known)) return [];
  return [
    {
      kind: 'missing-external-data',
      message: `“${source.name}” is a part of a model in ${stated} files, of which ${known} could be found.`,
      place: source.name,
      remedy: 'Give the files the names that they had: “…-00001-of-00003.gguf”.',
    },
  ];
}

function missing(name: string): ProblemError {
  return problem('missing-external-data', `The file “${name}” is missing.`, {
    place: name,
    remedy: 'Put it into the folder of the model: the two belong together.',
  });
}
