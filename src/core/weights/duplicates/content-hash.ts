/** A hash of stored values, bit for bit. It only finds what may be equal: whoever uses it compares afterwards. */
import type { NumberArray } from '../../tensor/tensor.js';

export interface ContentHash {
  /** Takes the next values. Pieces must be split alike wherever hashes are compared. */
  add(data: NumberArray): void;
  /** 53 bits of what was added since the last time; begins anew. */
  finish(): number;
}

const START = [0x27d4eb2f, 0x165667b1] as const;

/** Two multiplicative hashes of 32 bits over the words of the data; multipliers of xxHash32. */
export function contentHash(): ContentHash {
  let [first, second]: [number, number] = [...START];
  let aligned = new Uint32Array(0);
  return {
    add(data) {
      // A copy that begins at a word, whatever the data begins at; what fills the last word is zero.
      const words = (data.byteLength + 3) >> 2;
      if (aligned.length < words) aligned = new Uint32Array(words);
      aligned[words - 1] = 0;
      new Uint8Array(aligned.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      for (let at = 0; at < words; at++) {
        const word = aligned[at] as number;
        first = Math.imul(first ^ word, 0x9e3779b1);
        first ^= first >>> 15;
        second = Math.imul(second + word, 0x85ebca77) ^ (second >>> 13);
      }
    },
    finish() {
      const hash = (mixed(first) & 0x1fffff) * 2 ** 32 + mixed(second ^ first);
      [first, second] = START;
      return hash;
    },
  };
}

/** Spreads every bit over all of them: the last step of MurmurHash3. */
function mixed(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Bit for bit; both hold the same type. */
export function isSame(one: NumberArray, other: NumberArray): boolean {
  if (one.byteLength !== other.byteLength) return false;
  const [a, b] = [bytesOf(one), bytesOf(other)];
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function bytesOf({ buffer, byteOffset, byteLength }: NumberArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
