/**
 * Reads a protobuf message in text form piece by piece. The library reads texts at one go and says what is wrong without
 * saying where; given a few fields at a time, it leaves turns to everything else, and the place of an error is found.
 */
import { fromText, mergeFromText } from '@bufbuild/protobuf/txtpb';
import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { elementsOf, fieldsOf, type TextField, type TextValue } from './fields.js';
import { literalBytes } from './literal.js';
import { scan, TextError } from './scanner.js';
import { LONG_PART_CHARACTERS, MAXIMUM_DEPTH } from './structure.js';

export interface TextToRead {
  readonly text: string;
  /** See TextStructure. */
  readonly spans: ReadonlyMap<number, number>;
  readonly pause: () => Promise<void> | undefined;
}

/**
 * Fields between two characters of the text into a message. A field that occurs once and is given again is merged or
 * replaced, as in the binary form.
 * @throws TextError
 */
export async function readMessage(
  reading: TextToRead,
  message: ReflectMessage,
  start: number,
  end: number,
  depth = 0,
): Promise<void> {
  if (depth >= MAXIMUM_DEPTH) throw new TextError(start, `messages nest more than ${MAXIMUM_DEPTH} deep`);
  const { text, spans, pause } = reading;
  let batch: TextField[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    const first = batch[0];
    const last = batch.at(-1);
    if (first === undefined || last === undefined) return;
    merge(reading, message, text.slice(first.start, last.end), batch, depth);
    batch = [];
    characters = 0;
    await pause();
  };
  for (const field of fieldsOf(text, start, end, spans)) {
    const size = field.end - field.start;
    if (characters + size > LONG_PART_CHARACTERS) await flush();
    if (size > LONG_PART_CHARACTERS) await readLong(reading, message, field, depth);
    else {
      batch.push(field);
      characters += size;
    }
  }
  await flush();
}

/** A field that is too long for one step. */
async function readLong(reading: TextToRead, message: ReflectMessage, field: TextField, depth: number): Promise<void> {
  const { text } = reading;
  const description = message.desc.fields.find(({ name }) => name === field.name);
  if (description === undefined) {
    // Passed over or refused: what the library makes of the name is the same with a short value.
    merge(reading, message, `${field.name}: 0`, [field], depth);
    return;
  }
  switch (field.value.kind) {
    case 'block':
      return readBlock(reading, message, description, field.value, depth);
    case 'strings':
      return readStrings(reading, message, description, field, depth);
    case 'list':
      return readList(reading, message, description, field, depth);
    case 'other':
      return merge(reading, message, text.slice(field.start, field.end), [field], depth);
  }
}

async function readBlock(
  reading: TextToRead,
  message: ReflectMessage,
  description: DescField,
  { start, end }: TextValue,
  depth: number,
): Promise<void> {
  const inside = (target: ReflectMessage): Promise<void> => readMessage(reading, target, start + 1, end - 1, depth + 1);
  if (description.fieldKind === 'message') {
    const target = message.isSet(description) ? message.get(description) : reflect(description.message);
    await inside(target);
    message.set(description, target);
  } else if (description.fieldKind === 'list' && description.listKind === 'message') {
    const target = reflect(description.message);
    await inside(target);
    message.get(description).add(target);
  } else throw new TextError(start, `${description.name} is no message`);
}

async function readStrings(
  reading: TextToRead,
  message: ReflectMessage,
  description: DescField,
  field: TextField,
  depth: number,
): Promise<void> {
  const { text, spans, pause } = reading;
  const scalar = scalarOf(description);
  if (scalar !== ScalarType.BYTES && scalar !== ScalarType.STRING) {
    return merge(reading, message, `${description.name}: ""`, [field], depth);
  }
  const literals: Uint8Array[] = [];
  const scanner = scan(text, field.value.start, field.value.end, spans);
  while (scanner.next() === 'string') literals.push(await literalBytes(text, scanner.start, scanner.end, pause));
  const bytes = joined(literals);
  const value = scalar === ScalarType.BYTES ? bytes : new TextDecoder().decode(bytes);
  if (description.fieldKind === 'list') message.get(description).add(value);
  else message.set(description, value);
}

async function readList(
  reading: TextToRead,
  message: ReflectMessage,
  description: DescField,
  field: TextField,
  depth: number,
): Promise<void> {
  const { text, spans, pause } = reading;
  let batch: TextField[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const values = batch.map(({ start, end }) => text.slice(start, end)).join(', ');
    const named = batch.map((element) => ({ ...element, name: description.name }));
    merge(reading, message, `${description.name}: [${values}]`, named, depth);
    batch = [];
    characters = 0;
    await pause();
  };
  for (const element of elementsOf(text, field.value, spans)) {
    const size = element.end - element.start;
    if (characters + size > LONG_PART_CHARACTERS) await flush();
    if (size > LONG_PART_CHARACTERS) {
      // Lists in lists are no values: the library says so.
      const value = { ...element, name: description.name };
      if (element.value.kind === 'list') merge(reading, message, `${description.name}: [[]]`, [value], depth);
      else await readLong(reading, message, value, depth);
    } else {
      batch.push(element);
      characters += size;
    }
  }
  await flush();
}

/**
 * @param piece what the library reads: the text of `fields`.
 * @throws TextError at the field, however deep inside, that cannot be read.
 */
function merge(
  { text, spans }: TextToRead,
  message: ReflectMessage,
  piece: string,
  fields: readonly TextField[],
  depth: number,
): void {
  try {
    mergeFromText(message.desc, message.message, piece, { recursionLimit: MAXIMUM_DEPTH - depth });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TextError(findUnreadable(text, spans, message.desc, fields, depth), reason);
  }
}

/** How deep the place of an error is looked for; beyond, the message around it is named. */
const MAXIMUM_SEARCH_DEPTH = 20;

/** Where the first field begins that the library does not read on its own. */
function findUnreadable(
  text: string,
  spans: ReadonlyMap<number, number>,
  description: DescMessage,
  fields: Iterable<TextField>,
  depth: number,
): number {
  const seen = new Set<string>();
  let [first, repeated]: (number | undefined)[] = [];
  for (const field of fields) {
    const { value } = field;
    first ??= field.start;
    const isSingle = description.fields.find(({ name }) => name === field.name)?.fieldKind !== 'list';
    if (isSingle && seen.has(field.name)) repeated ??= field.start;
    seen.add(field.name);
    try {
      const piece = text.slice(value.start, value.end);
      fromText(description, `${field.name}: ${piece}`, { recursionLimit: MAXIMUM_DEPTH - depth });
    } catch {
      const inner = description.fields.find(({ name }) => name === field.name);
      if (inner?.message === undefined || value.kind !== 'block' || depth >= MAXIMUM_SEARCH_DEPTH) return field.start;
      const inside = fieldsOf(text, value.start + 1, value.end - 1, spans);
      try {
        return findUnreadable(text, spans, inner.message, inside, depth + 1);
      } catch (error) {
        if (error instanceof TextError) return error.at;
        throw error;
      }
    }
  }
  // Each is readable on its own, but one is there twice.
  return repeated ?? first ?? 0;
}

function scalarOf(description: DescField): ScalarType | undefined {
  if (description.fieldKind === 'scalar') return description.scalar;
  return description.fieldKind === 'list' && description.listKind === 'scalar' ? description.scalar : undefined;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
