import type { ByteSource } from '../../bytes/byte-source.js';
import { unusableText } from './text-problem.js';

/** Bytes read at a time: a text of any size is never in memory as a whole. */
const BLOCK_BYTES = 256 * 1024;

/**
 * A file as text, block by block, without its byte order mark. Characters are never cut.
 * @throws ProblemError `invalid-inputs` with the offset of the first byte that is not UTF-8.
 */
export async function* utf8Blocks(source: ByteSource, place: string): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let held = new Uint8Array(0);
  for (let offset = 0; offset < source.size;) {
    const length = Math.min(BLOCK_BYTES, source.size - offset);
    const block = await source.read(offset, length);
    const bytes = new Uint8Array(held.length + block.length);
    bytes.set(held);
    bytes.set(block, held.length);
    const start = offset - held.length;
    offset += length;
    const end = offset < source.size ? bytes.length - cutCharacter(bytes) : bytes.length;
    held = bytes.slice(end);
    const whole = bytes.subarray(0, end);
    let text: string;
    try {
      text = decoder.decode(whole);
    } catch {
      throw notUtf8(place, start + (firstInvalid(whole) ?? 0), start === 0 ? whole : undefined);
    }
    yield start === 0 ? text.replace(/^\uFEFF/, '') : text;
  }
  return undefined;
}

function notUtf8(place: string, offset: number, head: Uint8Array | undefined): Error {
  const [first, second] = head ?? [];
  const utf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return unusableText(
    `${place}, byte ${offset}`,
    `${place} is not UTF-8 text${utf16 ? ' (it starts like UTF-16)' : ''}: byte ${offset} fits no character.`,
    'Save it as UTF-8, or choose another file.',
  );
}

/** Bytes at the end that begin a character without ending it: 0 to 3. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

/** Bytes of the character that this byte leads; 0 where it leads none. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/** Offset of the first byte that belongs to no well-formed character (Unicode, table 3-7). */
export function firstInvalid(bytes: Uint8Array): number | undefined {
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0;
    const length = sequenceLength(lead);
    if (length === 0 || at + length > bytes.length) return at;
    const second = bytes[at + 1] ?? 0;
    const [low, high] = secondByte(lead);
    if (length > 1 && (second < low || second > high)) return at;
    for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return at;
    at += length;
  }
  return undefined;
}

/** Which second bytes may follow: no overlong forms, no surrogates, nothing above U+10FFFF. */
function secondByte(lead: number): readonly [number, number] {
  switch (lead) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}
