/** ZIP archives: members that are stored are read by range, those that are deflated are unpacked when they are read. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { memorySource } from '../../bytes/memory-source.js';
import { partSource } from '../../bytes/part-source.js';
import { displayText } from '../../display-text.js';
import { problem, type ProblemError } from '../../errors.js';
import { crc32 } from './crc32.js';
import { DEFLATED, memberStart, readDirectory, STORED, type ZipMember } from './directory.js';
import { forwardSource } from './forward-source.js';
import { inflated, type CompressedRange } from './inflate.js';

export interface ZipArchive {
  readonly name: string;
  /** In the directory's order; of several with one name the last, as other readers do. */
  readonly members: ReadonlyMap<string, ZipMember>;
  /** Names that more than one member has. */
  readonly repeated: readonly string[];
  /**
   * A member as a file. A deflated one of at most `wholeUpTo` bytes is unpacked whole when it is first read (the last
   * one unpacked is kept); a larger one is unpacked on the way to what is asked for, and reading backwards begins anew.
   * Reading throws ProblemError `malformed-model` when it is damaged, encrypted or packed in an unknown way.
   */
  open(member: ZipMember, wholeUpTo?: number): ByteSource;
  /** The first bytes of a member, `length` or as many as it has; little more is unpacked. @throws as reading does. */
  head(member: ZipMember, length: number): Promise<Uint8Array>;
}

/** What may be unpacked at once: in proportion to what is packed, so that a small file never takes much memory. */
const WHOLE_RATIO = 3;
const WHOLE_BYTES = 16 * 1024 * 1024;
const HEAD_STEP_BYTES = 512;

/** Reads the directory. @throws ProblemError `truncated-file` or `malformed-model`. */
export async function openZip(source: ByteSource, signal?: AbortSignal): Promise<ZipArchive> {
  const members = new Map<string, ZipMember>();
  const repeated = new Set<string>();
  for (const member of await readDirectory(source, signal)) {
    if (members.has(member.name)) repeated.add(member.name);
    members.set(member.name, member);
  }

  const unknownPacking = ({ name, encrypted, method, headerStart }: ZipMember): ProblemError => {
    const what = encrypted ? 'is encrypted' : `packs “${displayText(name)}” with method ${method}`;
    return problem('malformed-model', `“${source.name}” ${what}.`, {
      place: `byte ${headerStart} of ${source.name}`,
      remedy: 'Save it without compression, or with the usual one.',
    });
  };
  const memberName = (member: ZipMember): string => `${source.name}/${displayText(member.name)}`;
  const rangeOf = async (member: ZipMember): Promise<CompressedRange> => {
    if (member.encrypted || (member.method !== DEFLATED && member.method !== STORED)) throw unknownPacking(member);
    const start = await memberStart(source, member);
    return { start, length: member.packedBytes, format: 'deflate', name: memberName(member), limit: member.bytes };
  };
  const unpack = async (member: ZipMember): Promise<ByteSource> => {
    const range = await rangeOf(member);
    // Into an array of the size that it must have: pieces that are put together would take twice the memory.
    const bytes = new Uint8Array(member.bytes);
    let filled = 0;
    let checksum = 0;
    for await (const chunk of inflated(source, range)) {
      bytes.set(chunk, filled);
      filled += chunk.length;
      checksum = crc32(chunk, checksum);
    }
    if (filled !== member.bytes || checksum !== member.crc) throw damaged(source, member);
    return memorySource(range.name, bytes);
  };

  let unpacked: { readonly member: ZipMember; readonly source: Promise<ByteSource> } | undefined;
  const unpackOnce = (member: ZipMember): Promise<ByteSource> => {
    if (unpacked?.member === member) return unpacked.source;
    const result = unpack(member);
    unpacked = { member, source: result };
    // What failed is tried anew.
    result.catch(() => {
      if (unpacked?.source === result) unpacked = undefined;
    });
    return result;
  };

  return {
    name: source.name,
    members,
    repeated: [...repeated],
    open(member, wholeUpTo = WHOLE_RATIO * member.packedBytes + WHOLE_BYTES) {
      const name = memberName(member);
      if (member.method === DEFLATED && member.bytes > wholeUpTo) {
        return forwardSource(name, member.bytes, async function* () {
          let checksum = 0;
          for await (const chunk of inflated(source, await rangeOf(member))) {
            checksum = crc32(chunk, checksum);
            yield chunk;
          }
          if (checksum !== member.crc) throw damaged(source, member);
        });
      }
      if (member.method === DEFLATED) {
        return partSource(name, member.bytes, async () => ({ source: await unpackOnce(member), start: 0 }));
      }
      let start: number | undefined;
      return partSource(name, member.bytes, async () => {
        start ??= (await rangeOf(member)).start;
        return { source, start };
      });
    },
    async head(member, length) {
      const range = await rangeOf(member);
      const wanted = Math.min(length, member.bytes);
      if (member.method === STORED) return source.read(range.start, wanted);
      const bytes = new Uint8Array(wanted);
      let filled = 0;
      for await (const chunk of inflated(source, { ...range, stepBytes: HEAD_STEP_BYTES })) {
        bytes.set(chunk.subarray(0, wanted - filled), filled);
        filled = Math.min(wanted, filled + chunk.length);
        if (filled === wanted) return bytes;
      }
      throw damaged(source, member);
    },
  };
}

function damaged(source: ByteSource, member: ZipMember): ProblemError {
  return problem('malformed-model', `“${source.name}” holds “${displayText(member.name)}” damaged.`, {
    place: `byte ${member.headerStart} of ${source.name}`,
    remedy: 'Download or save the file again.',
  });
}
