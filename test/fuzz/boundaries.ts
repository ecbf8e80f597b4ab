/** Where something begins in files of several formats: what mutations aim at. Files may be damaged already. */

/** Beginnings of words, numbers, quotes and brackets of a text between two offsets. */
export function textTokens(bytes: Uint8Array, start: number, end: number): number[] {
  const tokens: number[] = [];
  const isWord = (byte: number): boolean => /[\w.-]/.test(String.fromCharCode(byte));
  for (let at = start; at < Math.min(end, bytes.length); at++) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x20 && (!isWord(byte) || at === start || !isWord(bytes[at - 1] ?? 0))) tokens.push(at);
  }
  return tokens;
}

/** The records of a ZIP archive, the fields in them, and where the members' bytes begin. */
export function zipRecords(bytes: Uint8Array): number[] {
  const fields: Readonly<Record<number, readonly number[]>> = {
    0x04034b50: [0, 6, 8, 14, 18, 22, 26, 28, 30],
    0x02014b50: [0, 8, 10, 16, 20, 24, 28, 30, 32, 42, 46],
    0x06054b50: [0, 8, 10, 12, 16, 20],
    0x06064b50: [0, 4, 24, 32, 40, 48],
    0x07064b50: [0, 8, 16],
  };
  const found: number[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length; at++) {
    if (bytes[at] !== 0x50 || bytes[at + 1] !== 0x4b) continue;
    const signature = view.getUint32(at, true);
    for (const offset of fields[signature] ?? []) found.push(at + offset);
    if (signature === 0x04034b50 && at + 30 <= bytes.length)
      found.push(at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true));
  }
  return sorted(found, bytes);
}

/** Bytes behind each instruction of a pickle; `line` and `lines`: up to the next line feed, and the one after it. */
type Argument = number | 'line' | 'lines' | { readonly counted: number };

const ARGUMENTS: Readonly<Record<string, Argument>> = {
  '\x80': 1,
  '\x95': 8,
  K: 1,
  M: 2,
  J: 4,
  G: 8,
  q: 1,
  h: 1,
  r: 4,
  j: 4,
  '\x82': 1,
  '\x83': 2,
  '\x84': 4,
  X: { counted: 4 },
  T: { counted: 4 },
  B: { counted: 4 },
  '\x8b': { counted: 4 },
  U: { counted: 1 },
  C: { counted: 1 },
  '\x8a': { counted: 1 },
  '\x8c': { counted: 1 },
  '\x8d': { counted: 8 },
  '\x8e': { counted: 8 },
  '\x96': { counted: 8 },
  I: 'line',
  L: 'line',
  F: 'line',
  S: 'line',
  V: 'line',
  P: 'line',
  p: 'line',
  g: 'line',
  c: 'lines',
  i: 'lines',
};

/** The instructions of all pickles that begin at an offset, one behind the other. */
export function pickleInstructions(bytes: Uint8Array, start: number): number[] {
  const found: number[] = [];
  for (let at = start; at < bytes.length;) {
    const opcode = String.fromCharCode(bytes[at] ?? 0);
    found.push(at);
    at++;
    const argument = ARGUMENTS[opcode] ?? 0;
    if (typeof argument === 'number') at += argument;
    else if (typeof argument === 'object') {
      let length = 0;
      for (let index = Math.min(argument.counted, 4) - 1; index >= 0; index--)
        length = length * 256 + (bytes[at + index] ?? 0);
      at += argument.counted + length;
    } else {
      for (let lines = argument === 'line' ? 1 : 2; lines > 0 && at < bytes.length; at++)
        if (bytes[at] === 0x0a) lines--;
    }
    // Behind a pickle comes another one, or what is none.
    if (opcode === '.' && bytes[at] !== 0x80) break;
  }
  return found;
}

/** The fields of a protobuf message, and of the messages in it: whatever reads as one. */
export function protobufFields(bytes: Uint8Array): number[] {
  const found: number[] = [];
  const varint = (from: number, end: number): { value: number; at: number } | undefined => {
    let value = 0;
    for (let at = from, factor = 1; at < Math.min(end, from + 8); at++, factor *= 128) {
      value += ((bytes[at] ?? 0) & 0x7f) * factor;
      if ((bytes[at] ?? 0) < 0x80) return { value, at: at + 1 };
    }
    return undefined;
  };
  /** Whether the range is a message; what it holds is added if so. */
  const walk = (start: number, end: number, depth: number): boolean => {
    const own: number[] = [];
    const inner: [number, number][] = [];
    for (let at = start; at < end;) {
      const tag = varint(at, end);
      if (tag === undefined || tag.value < 8) return false;
      own.push(at);
      const value = varint(tag.at, end);
      switch (tag.value % 8) {
        case 0:
          if (value === undefined) return false;
          at = value.at;
          break;
        case 1:
          at = tag.at + 8;
          break;
        case 5:
          at = tag.at + 4;
          break;
        case 2:
          if (value === undefined) return false;
          inner.push([value.at, value.at + value.value]);
          at = value.at + value.value;
          break;
        default:
          return false;
      }
      if (at > end) return false;
    }
    found.push(...own);
    if (depth < 12) for (const [from, to] of inner) if (to - from > 1 && to - from < 20_000) walk(from, to, depth + 1);
    return true;
  };
  walk(0, bytes.length, 0);
  return sorted(found, bytes);
}

/** Signatures of HDF5's structures, as big-endian numbers. */
const HDF5_SIGNATURES: ReadonlySet<number> = new Set(
  ['\x89HDF', 'TREE', 'HEAP', 'SNOD', 'GCOL', 'OHDR', 'OCHK', 'FRHP', 'FHDB', 'BTHD', 'BTLF', 'FADB', 'EAHD'].map(
    (signature) => Buffer.from(signature, 'latin1').readUInt32BE(),
  ),
);

/** Where the structures of an HDF5 file begin that have a signature, and what may be an address in it. */
export function hdf5Structures(bytes: Uint8Array): number[] {
  const found: number[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; at++) {
    if (HDF5_SIGNATURES.has(view.getUint32(at))) found.push(at, at + 4, at + 8);
    else if (at % 8 === 0 && view.getUint32(at + 4, true) === 0) {
      const address = view.getUint32(at, true);
      if (address >= 48 && address < bytes.length && address % 8 === 0) found.push(at, address);
    }
  }
  return sorted(found, bytes);
}

/** Lengths and texts of a GGUF file: whatever looks like a length of what follows, and words. */
export function ggufFields(bytes: Uint8Array): number[] {
  const found = [0, 4, 8, 16, 24];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 24; at + 8 <= Math.min(bytes.length, 8000); at++) {
    const length = view.getUint32(at, true);
    const isLength = length > 0 && length < 200 && view.getUint32(at + 4, true) === 0;
    if (isLength) found.push(at, at + 8, at + 8 + length, at + 12 + length);
  }
  return sorted(found, bytes);
}

function sorted(offsets: readonly number[], bytes: Uint8Array): number[] {
  return [...new Set(offsets)].filter((offset) => offset < bytes.length).sort((a, b) => a - b);
}
