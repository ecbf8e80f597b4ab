/** Walks over what a pickle became: its tensors by path, its plain values as metadata. */
import { breather } from '../../breathe.js';
import { displayText, shortText } from '../../display-text.js';
import type { Problem } from '../../errors.js';
import type { MetadataEntry } from '../tensor-file.js';
import { isObject, type PickleValue, type TensorView } from './pickle-values.js';
import { plainText } from './plain-text.js';

export interface Collected {
  readonly tensors: readonly { readonly name: string; readonly view: TensorView }[];
  readonly metadata: readonly MetadataEntry[];
  readonly problems: readonly Problem[];
}

const MAXIMUM_DEPTH = 100;
const MAXIMUM_METADATA = 1000;
/** Longer names are cut in the middle. */
const LONGEST_NAME = 4096;
const LONGEST_VALUE = 1000;

/** Bounds that grow with the file: containers may hold each other many times, so what is listed can far exceed it. */
function bounds(fileBytes: number): { readonly visits: number; readonly tensors: number; readonly characters: number } {
  return {
    visits: 1_000_000 + Math.floor(fileBytes / 8),
    tensors: 100_000 + Math.floor(fileBytes / 128),
    characters: 8_000_000 + fileBytes,
  };
}

/**
 * Names are paths: keys and indices joined by “.”. What is found twice under one name gets a number.
 * @param fileName for messages.
 */
export async function collect(
  root: PickleValue,
  fileName: string,
  fileBytes: number,
  signal?: AbortSignal,
): Promise<Collected> {
  const left = { ...bounds(fileBytes) };
  const tensors: { name: string; view: TensorView }[] = [];
  const metadata: MetadataEntry[] = [];
  const problems: Problem[] = [];
  const names = new Set<string>();
  const pause = breather(signal);
  /** What is still to be looked at, the next one last. */
  const waiting: { readonly value: PickleValue; readonly path: string; readonly depth: number }[] = [
    { value: root, path: '', depth: 0 },
  ];
  let tooDeep = 0;
  let plain = 0;

  const wait = (children: readonly (readonly [string, PickleValue])[], path: string, depth: number): void => {
    if (depth >= MAXIMUM_DEPTH) {
      tooDeep += children.length;
      return;
    }
    left.visits -= children.length;
    for (const [key, value] of children.toReversed()) {
      waiting.push({ value, path: path === '' || key === '' ? path + key : `${path}.${key}`, depth: depth + 1 });
    }
  };
  const listTensor = (path: string, view: TensorView): void => {
    left.tensors--;
    const name = uniqueName(shortText(path === '' ? 'tensor' : path, LONGEST_NAME), names);
    left.characters -= name.length;
    tensors.push({ name, view });
  };

  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    await pause();
    if (left.visits < 0 || left.tensors < 0 || left.characters < 0) {
      problems.push({
        kind: 'malformed-model',
        message: `“${fileName}” names the same containers so often that not all of it is listed.`,
        place: displayText(next.path),
        remedy: 'Save the weights again, best as safetensors.',
      });
      break;
    }
    const { value, path, depth } = next;
    const view = viewOf(value);
    if (view !== undefined) {
      listTensor(path, view);
      continue;
    }
    const text = plainText(value, LONGEST_VALUE);
    if (text !== undefined) {
      plain++;
      if (metadata.length < MAXIMUM_METADATA) metadata.push({ key: shortText(path, LONGEST_NAME), value: text });
      continue;
    }
    wait(childrenOf(value, left.visits), path, depth);
  }
  if (tooDeep > 0) {
    problems.push({
      kind: 'malformed-model',
      message: `“${fileName}” nests more than ${MAXIMUM_DEPTH} deep; what lies deeper is not listed.`,
      place: fileName,
    });
  }
  if (plain > metadata.length)
    metadata.push({ key: '…', value: `${plain - metadata.length} more values are not listed` });
  return { tensors, metadata, problems };
}

function viewOf(value: PickleValue): TensorView | undefined {
  if (!isObject(value)) return undefined;
  if (value.kind === 'tensor') return value;
  if (value.kind === 'numpy-array') return value.view;
  if (value.kind !== 'storage') return undefined;
  const { dtype, elements, itemBytes } = value;
  const unreadable = 'It is a storage that no tensor gives a shape to.';
  return { kind: 'tensor', data: value, dtype, itemBytes, offset: 0, dims: [elements], strides: [1], unreadable };
}

/** @param limit more than this and one are not wanted. */
function childrenOf(value: PickleValue, limit: number): (readonly [string, PickleValue])[] {
  if (!isObject(value)) return [];
  switch (value.kind) {
    case 'list':
    case 'tuple':
    case 'set':
      return value.items.slice(0, limit + 1).map((item, index) => [String(index), item]);
    case 'opaque':
      // The data of an object that was not made stand under the name of the object itself.
      return value.parts.slice(0, limit + 1).map((part) => ['', part]);
    case 'dict': {
      const byKey = new Map<PickleValue, PickleValue>();
      for (let i = 0; i + 1 < Math.min(value.entries.length, 2 * limit + 2); i += 2)
        byKey.set(value.entries[i] ?? null, value.entries[i + 1] ?? null);
      return [...byKey].map(([key, item]) => [plainText(key, LONGEST_NAME) ?? 'key', item]);
    }
    default:
      return [];
  }
}

function uniqueName(name: string, names: Set<string>): string {
  let unique = name;
  for (let count = 2; names.has(unique); count++) unique = `${name} (${count})`;
  names.add(unique);
  return unique;
}
