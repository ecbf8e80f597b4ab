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

/** Fields between two characters of the text into a message. @throws TextError */
export async function readMessage(
  reading: TextToRead,
  message: ReflectMessage,
  start: number,
  end: number,
  depth = 0,
): Promise<void> {
  if (depth >= MAXIMUM_DEPTH) throw new TextError(start, `messages nest more than ${MAXIMUM_DEPTH} deep`);
  const { text, pause } = reading;
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
  for (const field of checkedFields(reading, message.desc, start, end)) {
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

/** Like {@link fieldsOf}. @throws TextError where a field that occurs once is given again: the library sees pieces only. */
function* checkedFields(
  { text, spans }: Pick<TextToRead, 'text' | 'spans'>,
  description: DescMessage,
  start: number,
  end: number,
): Generator<TextField> {
  const seen = new Set<string>();
  for (const field of fieldsOf(text, start, end, spans)) {
    const known = description.fields.find(({ name }) => name === field.name);
    if (known !== undefined && known.fieldKind !== 'list') {
      if (seen.has(field.name)) throw new TextError(field.start, `the field “${field.name}” is repeated`);
      seen.add(field.name);
    }
    yield field;
  }
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
  if (isPlainList(text, field.value)) return readPlainList(reading, message, description, field, depth);
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

/** Whether a list has nothing in it but words and numbers, which no comma is part of. */
function isPlainList(text: string, { start, end }: TextValue): boolean {
  return !/[#"'[{<]/.test(text.slice(start + 1, end - 1));
}

/** Lists of numbers are long: they are cut at commas without a look at each number. */
async function readPlainList(
  reading: TextToRead,
  message: ReflectMessage,
  description: DescField,
  { value }: TextField,
  depth: number,
): Promise<void> {
  const { text, spans, pause } = reading;
  for (let start = value.start + 1; start < value.end;) {
    const comma = text.indexOf(',', start + LONG_PART_CHARACTERS);
    const end = comma < 0 || comma >= value.end ? value.end - 1 : comma;
    const piece = `[${text.slice(start, end)}]`;
    // Only where the library refuses the piece are its numbers looked at one by one.
    const list = { kind: 'list', start: start - 1, end: end + 1 } as const;
    const elements = mapped(elementsOf(text, list, spans), (each) => ({ ...each, name: description.name }));
    merge(reading, message, `${description.name}: ${piece}`, elements, depth);
    await pause();
    start = end + 1;
  }
}

function* mapped<T, U>(values: Iterable<T>, map: (value: T) => U): Generator<U> {
  for (const value of values) yield map(value);
}

/**
 * @param piece what the library reads: the text of `fields`.
 * @throws TextError at the field, however deep inside, that cannot be read.
 */
function merge(
  { text, spans }: TextToRead,
  message: ReflectMessage,
  piece: string,
  fields: Iterable<TextField>,
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
  let first: number | undefined;
  for (const field of fields) {
    const { value } = field;
    first ??= field.start;
    try {
      const piece = text.slice(value.start, value.end);
      fromText(description, `${field.name}: ${piece}`, { recursionLimit: MAXIMUM_DEPTH - depth });
    } catch {
      const inner = description.fields.find(({ name }) => name === field.name);
      if (inner?.message === undefined || value.kind !== 'block' || depth >= MAXIMUM_SEARCH_DEPTH) return field.start;
      const inside = checkedFields({ text, spans }, inner.message, value.start + 1, value.end - 1);
      try {
        return findUnreadable(text, spans, inner.message, inside, depth + 1);
      } catch (error) {
        if (error instanceof TextError) return error.at;
        throw error;
      }
    }
  }
  return first ?? 0;
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
