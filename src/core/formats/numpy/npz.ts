/** NumPy's .npz: a ZIP archive of .npy files. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem } from '../../errors.js';
import { openZip } from '../zip/archive.js';
import type { ZipMember } from '../zip/directory.js';
import type { ArrayFile } from './array-file.js';
import { openNpy } from './npy.js';

const EXTENSION = '.npy';
/** Inputs are read in any order, so an array is unpacked whole: up to far more than is worth keeping compressed. */
const WHOLE_BYTES = 1024 * 1024 * 1024;

export interface NpzFile {
  /** Names of the arrays, without ".npy", in the archive's order. */
  readonly names: readonly string[];
  /** @throws ProblemError `not-applicable` when there is no such array, and as {@link openNpy} does. */
  open(name: string): Promise<ArrayFile>;
}

/** Lists the archive's arrays; each is unpacked when it is opened. @throws as {@link openZip} does. */
export async function openNpz(source: ByteSource): Promise<NpzFile> {
  const archive = await openZip(source);
  const members = arrayMembers(archive.members);
  return {
    names: [...members.keys()],
    async open(name) {
      const member = members.get(name);
      if (member === undefined) {
        throw problem('not-applicable', `“${source.name}” has no array “${name}”.`, {
          place: source.name,
          remedy: `Choose one of: ${[...members.keys()].slice(0, 20).join(', ')}.`,
        });
      }
      return openNpy(archive.open(member, WHOLE_BYTES));
    },
  };
}

/** Members that are arrays, by the array's name. */
export function arrayMembers(members: ReadonlyMap<string, ZipMember>): ReadonlyMap<string, ZipMember> {
  const arrays = [...members].filter(([name]) => name.endsWith(EXTENSION));
  return new Map(arrays.map(([name, member]) => [name.slice(0, -EXTENSION.length), member]));
}
