/**
 * Metadata of GGUF files as texts to show. Long lists (a tokenizer's vocabulary) are walked, counted and never held.
 * Source: ggml, docs/gguf.md, `gguf_metadata_value_t`.
 */
import type { MetadataEntry } from '../tensor-file.js';
import type { Cursor } from './cursor.js';

/** What the reader of the header tells and checks. */
export interface MetadataContext {
  /** Bytes of a count or length: 4 in version 1, 8 later. */
  readonly sizeBytes: 4 | 8;
  /** A count or length. Those that are no safe integer are refused. */
  size(): number;
  /** @throws ProblemError `malformed-model` at the cursor's place. */
  fail(what: string): never;
  /** @throws ProblemError `truncated-file` unless the file has so many more bytes. */
  mustHave(bytes: number): void;
  /** Announces so many elements that are looked at one by one. @throws ProblemError when they become too many. */
  walk(elements: number): void;
}

export interface MetadataValue {
  readonly text: string;
  /** The value itself where it is one number. */
  readonly number?: number;
}

/** As the format's description has it. */
const MAXIMUM_KEY_BYTES = 65535;
/** Longer texts are cut: chat templates have some 10 KB. */
const MAXIMUM_TEXT_BYTES = 64 * 1024;
/** Of lists with more elements only the count is told. */
const MAXIMUM_LISTED = 16;
const MAXIMUM_LISTED_TEXT_BYTES = 256;
/** Lists of lists of lists: no writer makes more. */
const MAXIMUM_DEPTH = 4;

const STRING = 8;
const ARRAY = 9;

/** Numbers by their type's number in files: bytes, and how they are read as text. */
const SCALARS: Readonly<
  Record<number, { readonly bytes: number; readonly read: (cursor: Cursor) => number | bigint }>
> = {
  0: { bytes: 1, read: (cursor) => cursor.uint8() },
  1: { bytes: 1, read: (cursor) => cursor.int8() },
  2: { bytes: 2, read: (cursor) => cursor.uint16() },
  3: { bytes: 2, read: (cursor) => cursor.int16() },
  4: { bytes: 4, read: (cursor) => cursor.uint32() },
  5: { bytes: 4, read: (cursor) => cursor.int32() },
  6: { bytes: 4, read: (cursor) => shortestFloat32(cursor.float32()) },
  7: { bytes: 1, read: (cursor) => cursor.uint8() },
  10: { bytes: 8, read: (cursor) => cursor.uint64() },
  11: { bytes: 8, read: (cursor) => cursor.int64() },
  12: { bytes: 8, read: (cursor) => cursor.float64() },
};
const BOOL = 7;

/** One key with its value. */
export async function readMetadataEntry(
  cursor: Cursor,
  context: MetadataContext,
): Promise<MetadataEntry & { readonly number?: number }> {
  if (!cursor.has(context.sizeBytes)) await cursor.load(context.sizeBytes);
  const keyBytes = context.size();
  if (keyBytes > MAXIMUM_KEY_BYTES) context.fail(`has a metadata key of ${keyBytes} bytes`);
  if (!cursor.has(keyBytes + 4)) await cursor.load(keyBytes + 4);
  const key = cursor.text(keyBytes);
  const { text, number } = await readValue(cursor, context, cursor.uint32());
  return { key, value: text, number };
}

async function readValue(cursor: Cursor, context: MetadataContext, type: number): Promise<MetadataValue> {
  const scalar = SCALARS[type];
  if (scalar !== undefined) {
    if (!cursor.has(scalar.bytes)) await cursor.load(scalar.bytes);
    const value = scalar.read(cursor);
    return { text: scalarText(type, value), number: Number(value) };
  }
  if (type === STRING) return { text: await readText(cursor, context, MAXIMUM_TEXT_BYTES) };
  if (type === ARRAY) return { text: await readArray(cursor, context, 1) };
  return context.fail(`has metadata of the type ${type}, which does not exist,`);
}

/** The text at hand; of a longer one the beginning, and what is missing is said. */
async function readText(cursor: Cursor, context: MetadataContext, limit: number): Promise<string> {
  if (!cursor.has(context.sizeBytes)) await cursor.load(context.sizeBytes);
  const bytes = context.size();
  context.mustHave(bytes);
  const kept = Math.min(bytes, limit);
  if (!cursor.has(kept)) await cursor.load(kept);
  const text = cursor.text(kept);
  cursor.skip(bytes - kept);
  return kept === bytes ? text : `${text}… (${count(bytes)} bytes)`;
}

async function readArray(cursor: Cursor, context: MetadataContext, depth: number): Promise<string> {
  if (depth > MAXIMUM_DEPTH) context.fail(`nests lists more than ${MAXIMUM_DEPTH} deep in its metadata`);
  if (!cursor.has(4 + context.sizeBytes)) await cursor.load(4 + context.sizeBytes);
  const type = cursor.uint32();
  const length = context.size();
  const scalar = SCALARS[type];
  if (scalar !== undefined) {
    context.mustHave(length * scalar.bytes);
    if (length > MAXIMUM_LISTED) {
      cursor.skip(length * scalar.bytes);
      return `${count(length)} ${type === BOOL ? 'truth values' : 'numbers'}`;
    }
    if (!cursor.has(length * scalar.bytes)) await cursor.load(length * scalar.bytes);
    return Array.from({ length }, () => scalarText(type, scalar.read(cursor))).join(', ');
  }
  if (type === STRING) {
    context.mustHave(length * context.sizeBytes);
    context.walk(length);
    const texts: string[] = [];
    if (length <= MAXIMUM_LISTED) {
      for (let i = 0; i < length; i++) texts.push(await readText(cursor, context, MAXIMUM_LISTED_TEXT_BYTES));
      return texts.join(', ');
    }
    for (let i = 0; i < length; i++) {
      if (!cursor.has(context.sizeBytes)) await cursor.load(context.sizeBytes);
      cursor.skip(context.size());
    }
    return `${count(length)} texts`;
  }
  if (type === ARRAY) {
    context.mustHave(length * (4 + context.sizeBytes));
    context.walk(length);
    const lists: string[] = [];
    for (let i = 0; i < length; i++) {
      const list = await readArray(cursor, context, depth + 1);
      if (length <= MAXIMUM_LISTED) lists.push(`[${list}]`);
    }
    return length <= MAXIMUM_LISTED ? lists.join(', ') : `${count(length)} lists`;
  }
  return context.fail(`has a list of the type ${type}, which does not exist, in its metadata,`);
}

function scalarText(type: number, value: number | bigint): string {
  if (type !== BOOL) return String(value);
  return value === 0 ? 'false' : 'true';
}

/** The shortest decimal number that is this float32: 0.1, not 0.10000000149011612. */
function shortestFloat32(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
