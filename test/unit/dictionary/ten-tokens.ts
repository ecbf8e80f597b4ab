/** A corpus of one text of ten token ids, as an .npy file. */
export function tenTokens(): Uint8Array {
  const header = `{'descr': '<i8', 'fortran_order': False, 'shape': (1, 10), }`.padEnd(117) + '\n';
  const ids = BigInt64Array.from({ length: 10 }, (_, at) => BigInt(at === 0 ? 0 : 100 + 7 * at));
  const head = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0);
  return Buffer.concat([head, Buffer.from(header), new Uint8Array(ids.buffer)]);
}
