/** NumPy's .npz: a ZIP archive of .npy files (layout: PKWARE APPNOTE 6.3, sections 4.3 to 4.5). */
import type { ByteSource } from '../../bytes/byte-source.js';
import { memorySource } from '../../bytes/memory-source.js';
import { problem, type ProblemError } from '../../errors.js';
import type { ArrayFile } from './array-file.js';
import { crc32 } from './crc32.js';
import { inflate, MAXIMUM_DEFLATE_RATIO, MAXIMUM_INFLATED_BYTES } from './inflate.js';
import { openNpy } from './npy.js';

const END_SIGNATURE = 0x06054b50;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const DIRECTORY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT_BYTES = 65535;
/** A directory entry takes some 60 bytes: room for 250,000 arrays. */
const MAXIMUM_DIRECTORY_BYTES = 16 * 1024 * 1024;
const STORED = 0;
const DEFLATED = 8;

export interface NpzFile {
  /** Names of the arrays, without ".npy", in the archive's order. */
  readonly names: readonly string[];
  /** @throws ProblemError `invalid-inputs` when there is no such array, or it is damaged or too large. */
  open(name: string): Promise<ArrayFile>;
}

interface Member {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly headerStart: number;
}

/** Lists the archive's arrays; each is unpacked when it is opened. @throws ProblemError `invalid-inputs`. */
export async function openNpz(source: ByteSource): Promise<NpzFile> {
  const members = new Map<string, Member>();
  for (const member of await readDirectory(source)) {
    if (member.name.endsWith('.npy')) members.set(member.name.slice(0, -4), member);
  }
  return {
    names: [...members.keys()],
    async open(name) {
      const member = members.get(name);
      if (member === undefined) {
        throw invalid(
          source,
          `has no array “${name}”`,
          `Choose one of: ${[...members.keys()].slice(0, 20).join(', ')}.`,
        );
      }
      return openNpy(await openMember(source, member));
    },
  };
}

async function openMember(source: ByteSource, member: Member): Promise<ByteSource> {
  const name = `${source.name}/${member.name}`;
  const head = viewOf(await source.read(member.headerStart, 30));
  if (head.getUint32(0, true) !== LOCAL_SIGNATURE) throw invalid(source, 'has a damaged directory');
  const start = member.headerStart + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  if (member.encrypted) throw invalid(source, 'is encrypted');
  if (start + member.packedBytes > source.size) throw invalid(source, `ends before “${member.name}” does`);
  if (member.method === STORED) return rangeSource(source, name, start, member.packedBytes);
  if (member.method !== DEFLATED) throw invalid(source, `is packed with method ${member.method}`);
  if (member.bytes > MAXIMUM_INFLATED_BYTES || member.bytes > member.packedBytes * MAXIMUM_DEFLATE_RATIO) {
    throw invalid(source, `says that “${member.name}” unpacks to ${member.bytes} bytes`);
  }
  const bytes = await inflate(source, {
    start,
    length: member.packedBytes,
    format: 'deflate',
    name,
    limit: member.bytes,
  });
  if (bytes.length !== member.bytes || crc32(bytes) !== member.crc)
    throw invalid(source, `holds “${member.name}” damaged`);
  return memorySource(name, bytes);
}

/** Bytes `[start, start + size)` of a file, as a file. */
function rangeSource(source: ByteSource, name: string, start: number, size: number): ByteSource {
  return {
    name,
    size,
    read: (offset, length) =>
      offset + length <= size
        ? source.read(start + offset, length)
        : memorySource(name, new Uint8Array(0)).read(offset, length),
  };
}

async function readDirectory(source: ByteSource): Promise<Member[]> {
  const { start, length } = await findDirectory(source);
  if (length > MAXIMUM_DIRECTORY_BYTES || start + length > source.size)
    throw invalid(source, 'has a damaged directory');
  const bytes = await source.read(start, length);
  const view = viewOf(bytes);
  const members: Member[] = [];
  for (let at = 0; at + 46 <= length && view.getUint32(at, true) === DIRECTORY_SIGNATURE;) {
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > length) throw invalid(source, 'has a damaged directory');
    const sizes = {
      bytes: view.getUint32(at + 24, true),
      packedBytes: view.getUint32(at + 20, true),
      headerStart: view.getUint32(at + 42, true),
    };
    members.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameBytes)),
      method: view.getUint16(at + 10, true),
      encrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      crc: view.getUint32(at + 16, true),
      ...wideSizes(sizes, bytes.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes)),
    });
    at = next;
  }
  return members;
}

/** Finds the central directory from the archive's end. */
async function findDirectory(source: ByteSource): Promise<{ start: number; length: number }> {
  const tailStart = Math.max(0, source.size - END_BYTES - LONGEST_COMMENT_BYTES);
  const tail = viewOf(await source.read(tailStart, source.size - tailStart));
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
    const locator = at - 20;
    const isWide = locator >= 0 && tail.getUint32(locator, true) === END64_LOCATOR_SIGNATURE;
    if (!isWide) return { start: tail.getUint32(at + 16, true), length: tail.getUint32(at + 12, true) };
    const end = viewOf(await source.read(Number(tail.getBigUint64(locator + 8, true)), 56));
    if (end.getUint32(0, true) !== END64_SIGNATURE) throw invalid(source, 'has a damaged directory');
    return { start: Number(end.getBigUint64(48, true)), length: Number(end.getBigUint64(40, true)) };
  }
  throw invalid(source, 'is not a NumPy archive (.npz)');
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

function invalid(source: ByteSource, what: string, remedy = 'Save the arrays again with np.savez.'): ProblemError {
  return problem('invalid-inputs', `“${source.name}” ${what}.`, { place: source.name, remedy });
}
