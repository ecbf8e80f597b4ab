/** The central directory of a ZIP archive (layout: PKWARE APPNOTE 6.3, sections 4.3 to 4.5), also with ZIP64. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { displayText } from '../../display-text.js';
import { problem, type ProblemError } from '../../errors.js';
import { MAXIMUM_DEFLATE_RATIO } from './inflate.js';

const END_SIGNATURE = 0x06054b50;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const DIRECTORY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT_BYTES = 65535;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
/** An entry takes some 70 bytes: room for 200,000 members. */
const MAXIMUM_DIRECTORY_BYTES = 16 * 1024 * 1024;
/** What deflate needs for nothing at all, and its last, incomplete block. */
const DEFLATE_SLACK_BYTES = 1024;
export const STORED = 0;
export const DEFLATED = 8;

/** One file of the archive, as the directory describes it. */
export interface ZipMember {
  readonly name: string;
  /** 0 is stored, 8 is deflated. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  /** Bytes unpacked; no more than the packed ones can give. */
  readonly bytes: number;
  /** Offset of its local header. */
  readonly headerStart: number;
}

/**
 * All members, in the directory's order. Members that overlap, reach beyond the archive or claim to unpack to more than
 * they can (the ways of a zip bomb) are refused.
 * @throws ProblemError `truncated-file` without a directory, `malformed-model`.
 */
export async function readDirectory(source: ByteSource, signal?: AbortSignal): Promise<ZipMember[]> {
  const { start, length } = await findDirectory(source);
  if (length > MAXIMUM_DIRECTORY_BYTES || start + length > source.size)
    throw malformed(source, start, `has a directory of ${length} bytes`);
  const bytes = await source.read(start, length);
  const view = viewOf(bytes);
  const pause = breather(signal);
  const members: ZipMember[] = [];
  for (let at = 0; at < length;) {
    await pause();
    if (at + ENTRY_BYTES > length || view.getUint32(at, true) !== DIRECTORY_SIGNATURE)
      throw malformed(source, start + at, 'has a damaged directory');
    const nameEnd = at + ENTRY_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > length) throw malformed(source, start + at, 'has a damaged directory');
    const sizes = {
      bytes: view.getUint32(at + 24, true),
      packedBytes: view.getUint32(at + 20, true),
      headerStart: view.getUint32(at + 42, true),
    };
    const member: ZipMember = {
      name: new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, nameEnd)),
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      crc: view.getUint32(at + 16, true),
      ...wideSizes(sizes, bytes.subarray(nameEnd, extraEnd)),
    };
    checkSizes(source, start + at, member);
    members.push(member);
    at = next;
  }
  checkOverlaps(source, members, start);
  return members;
}

/** Where a member's packed bytes begin: behind its local header, whose length only the header itself tells. */
export async function memberStart(source: ByteSource, member: ZipMember): Promise<number> {
  const head = viewOf(await source.read(member.headerStart, LOCAL_BYTES));
  if (head.getUint32(0, true) !== LOCAL_SIGNATURE)
    throw malformed(source, member.headerStart, 'has a directory that does not fit its members');
  const start = member.headerStart + LOCAL_BYTES + head.getUint16(26, true) + head.getUint16(28, true);
  if (start + member.packedBytes > source.size)
    throw malformed(source, start, `ends before “${displayText(member.name)}” does`);
  return start;
}

function checkSizes(source: ByteSource, at: number, member: ZipMember): void {
  const { name, bytes, packedBytes, headerStart, method } = member;
  if (![bytes, packedBytes, headerStart].every(Number.isSafeInteger) || headerStart + packedBytes > source.size)
    throw malformed(source, at, `says that “${displayText(name)}” lies beyond its end`);
  const most = method === STORED ? packedBytes : packedBytes * MAXIMUM_DEFLATE_RATIO + DEFLATE_SLACK_BYTES;
  if (bytes > most || (method === STORED && bytes !== packedBytes))
    throw malformed(source, at, `says that “${displayText(name)}” unpacks from ${packedBytes} to ${bytes} bytes`);
}

/** Members that share packed bytes let a small archive unpack to a huge one. Headers take at least their fixed part. */
function checkOverlaps(source: ByteSource, members: readonly ZipMember[], directoryStart: number): void {
  const starts = Float64Array.from(members, ({ headerStart }) => headerStart).sort();
  const ends = Float64Array.from(members, (each) => each.headerStart + LOCAL_BYTES + each.packedBytes).sort();
  for (let i = 0; i < starts.length; i++) {
    const next = starts[i + 1] ?? directoryStart;
    if ((ends[i] ?? 0) > next) throw malformed(source, next, 'has members that overlap');
  }
}

/** Finds the directory from the archive's end: the end record and its comment are the last thing in the file. */
async function findDirectory(source: ByteSource): Promise<{ start: number; length: number }> {
  const tailStart = Math.max(0, source.size - END_BYTES - LONGEST_COMMENT_BYTES);
  const tail = viewOf(await source.read(tailStart, source.size - tailStart));
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
    if (at + END_BYTES + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
    const locator = at - 20;
    const isWide = locator >= 0 && tail.getUint32(locator, true) === END64_LOCATOR_SIGNATURE;
    if (!isWide) return { start: tail.getUint32(at + 16, true), length: tail.getUint32(at + 12, true) };
    const endStart = Number(tail.getBigUint64(locator + 8, true));
    const end = viewOf(await source.read(endStart, 56));
    if (end.getUint32(0, true) !== END64_SIGNATURE) throw malformed(source, endStart, 'has a damaged directory');
    return { start: Number(end.getBigUint64(48, true)), length: Number(end.getBigUint64(40, true)) };
  }
  throw problem('truncated-file', `“${source.name}” ends before the directory of its ZIP archive.`, {
    place: `byte ${source.size} of ${source.name}`,
    remedy: 'Download or save the file again.',
  });
}

/** Sizes beyond 32 bits stand in extra field 1, in this order, where the plain field is all ones. */
function wideSizes<T extends { bytes: number; packedBytes: number; headerStart: number }>(
  sizes: T,
  extra: Uint8Array,
): T {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const end = Math.min(extra.length, at + 4 + view.getUint16(at + 2, true));
    let position = at + 4;
    const wide = { ...sizes };
    for (const key of ['bytes', 'packedBytes', 'headerStart'] as const) {
      if (sizes[key] !== 0xffffffff || position + 8 > end) continue;
      wide[key] = Number(view.getBigUint64(position, true));
      position += 8;
    }
    return wide;
  }
  return sizes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(source: ByteSource, at: number, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Download or save the file again.',
  });
}
