import { Unzlib } from 'fflate';

/** What decoding needs; all else (text, colour profiles, animation) is dropped unread. */
const NEEDED = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
/** Deflate cannot expand by more than 1032 : 1, so this much input is harmless without counting. */
const HARMLESS_BYTES = 256e3;

/**
 * The picture's file reduced to the chunks that its pixels need, after the checks that a decoder does not make.
 * PNG (ISO/IEC 15948): an 8-byte signature, then chunks of length, type, data, checksum.
 * @throws Error when the file is cut short, has too many pixels, or inflates to more than its size says.
 */
export function checkedPng(bytes: Uint8Array, maximumPixels: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let rawBytes: number | undefined;
  let ended = false;
  for (let offset = 8; !ended;) {
    if (offset + 12 > bytes.length) throw new Error('the file is cut short');
    const length = view.getUint32(offset);
    const end = offset + 12 + length;
    if (end > bytes.length) throw new Error('the file is cut short');
    const type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (type === 'IHDR' && length === 13) rawBytes = expectedBytes(view, offset + 8, maximumPixels);
    if (rawBytes === undefined) throw new Error('it does not begin with its size');
    if (NEEDED.has(type)) kept.push(bytes.subarray(offset, end));
    if (type === 'IDAT') data.push(bytes.subarray(offset + 8, end - 4));
    ended = type === 'IEND';
    offset = end;
  }
  checkInflatedSize(data, rawBytes ?? 0);
  return joined(kept);
}

/** Upper bound of the inflated pixel data, filter bytes and interlacing included. */
function expectedBytes(view: DataView, header: number, maximumPixels: number): number {
  const width = view.getUint32(header);
  const height = view.getUint32(header + 4);
  const depth = view.getUint8(header + 8);
  const interlaced = view.getUint8(header + 12) !== 0;
  if (width === 0 || height === 0) throw new Error('it has no pixels');
  if (width * height > maximumPixels) {
    throw new Error(`it has ${width} × ${height} pixels, more than ${maximumPixels / 1e6} million`);
  }
  if (interlaced && depth < 8) throw new Error('it is interlaced with fewer than 8 bits per sample');
  // At most four samples per pixel; each of the seven passes of an interlaced picture has its own filter bytes.
  return width * height * 4 * Math.ceil(depth / 8) + 2 * height + 64;
}

function checkInflatedSize(data: readonly Uint8Array[], limit: number): void {
  if (data.reduce((sum, chunk) => sum + chunk.length, 0) <= HARMLESS_BYTES) return;
  let inflated = 0;
  const counter = new Unzlib((chunk) => {
    inflated += chunk.length;
    if (inflated > limit) throw new Error('its data inflates to more than its size says');
  });
  const step = 64 * 1024;
  for (const chunk of data) {
    for (let start = 0; start < chunk.length; start += step) counter.push(chunk.subarray(start, start + step));
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
