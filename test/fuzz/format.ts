import type { ByteSource, SiblingFiles } from '../../src/core/bytes/byte-source.js';
import type { Random } from './random.js';

/** A file to be opened, and what lies beside it. */
export interface FuzzCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly siblings?: ReadonlyMap<string, Uint8Array>;
}

/** One entry of the registry: all that the harness must know of a format. */
export interface FuzzFormat {
  readonly name: string;
  /** Files that are mutated: made here, and real ones where there are any. */
  readonly corpus: () => readonly FuzzCase[] | Promise<readonly FuzzCase[]>;
  /** A file with odd content that the format allows: it must open. */
  readonly valid: (random: Random) => FuzzCase;
  /** A file of pieces of the format that fit together or do not; where there is a better way than mutation. */
  readonly pieces?: (random: Random) => FuzzCase;
  /**
   * Offsets at which something of the format begins, in order: mutations aim at them, and cut, move and repeat what
   * lies between. Anywhere, if not given.
   */
  readonly boundaries?: (bytes: Uint8Array) => readonly number[];
  /** Where a file may take longer than others: the format says why. */
  readonly longestMilliseconds?: number;
  /**
   * Opens the file and reads the first and last elements of every tensor. Throws what opening throws; checks itself
   * what must hold of a file that opens.
   */
  readonly exercise: (source: ByteSource, siblings: SiblingFiles) => Promise<void>;
}
