/** Uniform numbers in [0, 1), one at a time. */
export type RandomStream = () => number;

const rotateLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/**
 * xoshiro128** (Blackman and Vigna, 2018): 32 bits per call from 128 bits of state, which is changed in place.
 * @returns unsigned 32-bit integers.
 */
export function xoshiro128(state: Uint32Array): () => number {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result >>> 0;
  };
}

/** A stream that depends on its three arguments and on nothing else: not on the batch, nor on what was drawn before. */
export function randomStream(seed: number, name: string, index: number): RandomStream {
  const next = xoshiro128(seedState(`${seed}\n${name}\n${index}`));
  return () => next() / 0x1_0000_0000;
}

/** Standard normal numbers from uniform ones (Box and Muller, 1958); both numbers of each pair are used. */
export function normalStream(uniform: RandomStream): RandomStream {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // 1 − u is in (0, 1]: its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** FNV-1a of the text, spread over 128 bits by a Weyl sequence and a 32-bit finaliser (Wellons, "prospector"). */
function seedState(text: string): Uint32Array {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return Uint32Array.from({ length: 4 }, () => {
    hash = (hash + 0x9e3779b9) | 0;
    let mixed = hash ^ (hash >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  });
}
