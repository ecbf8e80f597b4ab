/** Scatters 32 bits over 32 bits (the finalizer of MurmurHash3): neighbours become unlike, equal ones stay equal. */
export function mixBits(value: number): number {
  let word = value | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
