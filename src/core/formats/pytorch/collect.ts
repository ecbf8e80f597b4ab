/** Walks over what a pickle became: its tensors by path, its plain values as metadata. */
import { breather } from '../../breathe.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { displayText, shortText } from '../../display-text.js';
import type { Problem } from '../../errors.js';
import type { MetadataEntry } from '../tensor-file.js';
import { isObject, type PickleObject, type PickleValue, type TensorView } from './pickle-values.js';
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
/** Lists of so many values are looked through once, however often they are met. */
const LONG_LIST = 64;

/** Bounds that grow with the file: containers may hold each other many times, so what is listed can far exceed it. */
function bounds(fileBytes: number): { visits: number; tensors: number; characters: number } {
  return {
    visits: 1_000_000 + Math.floor(fileBytes / 8),
    tensors: 20_000 + Math.floor(fileBytes / 160),
    characters: 4_000_000 + fileBytes,
  };
}

/** A container that is being walked through. */
interface Level {
  readonly container: PickleObject;
  readonly path: string;
  next: number;
}

/**
 * Names are paths: keys and indices joined by “.”. What is found twice under one name gets a number.
 * @param prefix what names begin with.
 * @param source the file, for messages and because its size bounds what is listed.
 */
export async function collect(
  root: PickleValue,
  prefix: string,
  { name: fileName, size: fileBytes }: ByteSource,
  signal?: AbortSignal,
): Promise<Collected> {
  const left = bounds(fileBytes);
  const tensors: { name: string; view: TensorView }[] = [];
  const metadata: MetadataEntry[] = [];
  const problems: Problem[] = [];
  const unique = uniqueNames();
  const textOf = rememberedTexts();
  const pause = breather(signal);
  const levels: Level[] = [];
  let tooDeep = 0;
  let plain = 0;

  const visit = (value: PickleValue, path: string): void => {
    left.visits--;
    const view = viewOf(value);
    if (view !== undefined) {
      const name = unique(path === '' ? 'tensor' : path);
      left.tensors--;
      left.characters -= name.length;
      tensors.push({ name, view });
      return;
    }
    const text = textOf(value);
    if (text !== undefined) {
      plain++;
      if (metadata.length < MAXIMUM_METADATA) metadata.push({ key: path, value: text });
    } else if (isObject(value)) {
      if (levels.length < MAXIMUM_DEPTH) levels.push({ container: value, path, next: 0 });
      else tooDeep++;
    }
  };

  visit(root, prefix);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    await pause();
    if (left.visits < 0 || left.tensors < 0 || left.characters < 0) {
      problems.push({
        kind: 'malformed-model',
        message: `“${fileName}” names the same containers so often that not all of it is listed.`,
        place: `“${displayText(level.path)}” in ${fileName}`,
        remedy: 'Save the weights again, best as safetensors.',
      });
      break;
    }
    const child = childAt(level.container, level.next++);
    if (child === undefined) levels.pop();
    else {
      const path = joined(level.path, child.key);
      // Joining is free until a path is cut.
      left.characters -= path.length < LONGEST_NAME ? child.key.length : LONGEST_NAME;
      visit(child.value, path);
    }
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

/** What a container holds at a place, and under which key; undefined beyond its end. */
function childAt(container: PickleObject, index: number): { key: string; value: PickleValue } | undefined {
  switch (container.kind) {
    case 'list':
    case 'tuple':
    case 'set': {
      const value = container.items[index];
      return value === undefined ? undefined : { key: String(index), value };
    }
    case 'opaque': {
      // The data of an object that was not made stand under the name of the object itself.
      const value = container.parts[index];
      return value === undefined ? undefined : { key: '', value };
    }
    case 'dict': {
      const key = container.entries[2 * index];
      const value = container.entries[2 * index + 1];
      if (key === undefined || value === undefined) return undefined;
      return { key: plainText(key, LONGEST_NAME) ?? 'key', value };
    }
    default:
      return undefined;
  }
}

function joined(path: string, key: string): string {
  return shortText(path === '' || key === '' ? path + key : `${path}.${key}`, LONGEST_NAME);
}

/** Gives a name that was given before a number. */
function uniqueNames(): (name: string) => string {
  const given = new Map<string, number>();
  return (name) => {
    let unique = name;
    let count = given.get(name) ?? 0;
    while (given.has(unique)) unique = `${name} (${++count + 1})`;
    given.set(name, count);
    if (unique !== name) given.set(unique, 0);
    return unique;
  };
}

/** {@link plainText}, which looks through a long list once only. */
function rememberedTexts(): (value: PickleValue) => string | undefined {
  const known = new Map<PickleValue, string | undefined>();
  return (value) => {
    const isLong = isObject(value) && 'items' in value && value.items.length >= LONG_LIST;
    if (!isLong) return plainText(value, LONGEST_VALUE);
    if (!known.has(value)) known.set(value, plainText(value, LONGEST_VALUE));
    return known.get(value);
  };
}
