/** Remainders of all bytes modulo the reflected polynomial 0xEDB88320 (IEEE 802.3, as ZIP uses it). */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});

/** @param before the checksum of what comes before these bytes. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let remainder = ~before >>> 0;
  for (let i = 0; i < bytes.length; i++) {
    remainder = (REMAINDERS[(remainder ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (remainder >>> 8);
  }
  return ~remainder >>> 0;
}
