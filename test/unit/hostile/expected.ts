/** What every hostile file must hold to, and makers of files that say of themselves what is not so. */
import { expect } from 'vitest';
import type { ProblemKind } from '../../../src/core/errors.js';
import { examine, type Examined, type HostileFile, type Seen } from './examine.js';

const REJECTIONS: readonly ProblemKind[] = ['empty-file', 'truncated-file', 'not-a-model', 'malformed-model'];
/** The longest text of a file that the page gets: a documentation string. */
const LONGEST_TEXT = 4100;
const LONGEST_NAME = 10_100;
/** Control and direction characters, as display-text.ts lists them. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** Opened or rejected: in time, within memory, a rejection with reason and place, and no text that plays tricks. */
export async function borne(file: HostileFile): Promise<Examined> {
  const examined = await examine(file);
  const { rejected, seen, milliseconds, megabytes, allowedMegabytes } = examined;
  expect(milliseconds, 'milliseconds of processor time').toBeLessThan(1000);
  expect(megabytes, 'megabytes').toBeLessThan(allowedMegabytes);
  if (rejected !== undefined) {
    expect(REJECTIONS).toContain(rejected.kind);
    expect(rejected.place).toMatch(/bytes? \d+ (to \d+ )?of |line \d+|the whole file/);
    expect(rejected.message.length).toBeGreaterThan(10);
    expectText([rejected.message, rejected.place, rejected.remedy]);
  }
  expectText(seen?.shown);
  return examined;
}

/** @returns what is seen of a file that must open. */
export async function opened(file: HostileFile): Promise<Seen> {
  const { seen, rejected } = await borne(file);
  if (seen === undefined) throw new Error(`It was rejected: ${rejected?.message}`);
  return seen;
}

/** @returns why a file that must not open was rejected, in one text. */
export async function rejected(file: HostileFile): Promise<string> {
  const { seen, rejected: reason } = await borne(file);
  if (seen !== undefined) throw new Error('It was opened.');
  return `${reason?.kind}: ${reason?.message} ${reason?.place}`;
}

/** What names things to the program and is never shown: of any characters, but not of any length. */
const UNSHOWN = /^(id|from|to|parent|layers?|expanded|scope|value)$/;

/** Every text in plain data is short, and holds no character that hides or reorders others. */
export function expectText(shown: unknown, isShown = true): void {
  if (typeof shown === 'string') {
    if (isShown ? shown.length < LONGEST_TEXT && !UNSAFE.test(shown) : shown.length < LONGEST_NAME) return;
    expect.fail(`a text of ${shown.length} characters: ${JSON.stringify(shown.slice(0, 80))}`);
  } else if (typeof shown === 'object' && shown !== null) {
    for (const [key, each] of Object.entries(shown)) expectText(each, isShown && !UNSHOWN.test(key));
  }
}

/** A file from a header as text and bytes of values. */
export function safetensorsOf(
  header: string | Uint8Array,
  values: ArrayLike<number> = [],
  stated?: bigint,
): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(stated ?? BigInt(text.length));
  return Uint8Array.from(Buffer.concat([length, text, Uint8Array.from(values)]));
}

/** One tensor of bytes in a header. */
export function described(shape: string, offsets: string, dtype = 'U8'): string {
  return `{"dtype": "${dtype}", "shape": [${shape}], "data_offsets": [${offsets}]}`;
}

/** A .npy file of version 2. */
export function npyOf(header: string, values: ArrayLike<number> = [], stated = Buffer.byteLength(header)): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(stated);
  return Uint8Array.from(
    Buffer.concat([Buffer.from('\x93NUMPY\x02\x00', 'latin1'), length, Buffer.from(header), Uint8Array.from(values)]),
  );
}

export function npyHeader(shape: string, descr = `'|u1'`): string {
  return `{'descr': ${descr}, 'fortran_order': False, 'shape': (${shape}), }\n`;
}
