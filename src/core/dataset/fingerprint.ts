const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/**
 * FNV-1a over 64 bits (Fowler, Noll, Vo), as 16 hexadecimal digits: tells data sets apart in the cache. It guards
 * against accidents, not against somebody who wants a collision in their own cache.
 */
export function fingerprint(text: string): string {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * PRIME);
  return hash.toString(16).padStart(16, '0');
}
