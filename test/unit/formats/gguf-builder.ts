/** Writes GGUF files for tests: any version, either byte order, and whatever lengths a test wants to state. */
export type GgufValue =
  | { readonly type: 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'f32' | 'f64' | 'bool'; readonly value: number }
  | { readonly type: 'u64' | 'i64'; readonly value: bigint }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'list'; readonly of: GgufValue['type']; readonly value: readonly GgufValue[] };

export interface GgufTensorInit {
  readonly name: string;
  /** Row-major, outermost first. */
  readonly dims: readonly number[];
  /** Number of the type. */
  readonly type: number;
  readonly data: Uint8Array;
  /** Where it is said to lie; where it really lies when absent. */
  readonly offset?: bigint;
}

export interface GgufInit {
  readonly version?: 1 | 2 | 3;
  readonly bigEndian?: boolean;
  readonly alignment?: number;
  readonly metadata?: readonly (readonly [string, GgufValue])[];
  readonly tensors?: readonly GgufTensorInit[];
}

const TYPE_NUMBERS: Readonly<Record<GgufValue['type'], number>> = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  text: 8,
  list: 9,
  u64: 10,
  i64: 11,
  f64: 12,
};

export interface GgufWriter {
  bytes(bytes: ArrayLike<number>): void;
  u8(value: number): void;
  u32(value: number): void;
  u64(value: bigint): void;
  /** A count or length: 32 bits in version 1, 64 later. */
  size(value: number | bigint): void;
  text(value: string): void;
  value(value: GgufValue): void;
  pad(alignment: number): void;
  done(): Uint8Array;
}

export function ggufWriter({
  version = 3,
  bigEndian = false,
}: Pick<GgufInit, 'version' | 'bigEndian'> = {}): GgufWriter {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array): void => {
    pieces.push(bytes);
    length += bytes.length;
  };
  const number = (bytes: number, set: (view: DataView) => void): void => {
    const buffer = new ArrayBuffer(bytes);
    set(new DataView(buffer));
    add(new Uint8Array(buffer));
  };
  const little = !bigEndian;
  const writer: GgufWriter = {
    bytes: (bytes) => add(Uint8Array.from(bytes)),
    u8: (value) => add(Uint8Array.of(value)),
    u32: (value) => number(4, (view) => view.setUint32(0, value, little)),
    u64: (value) => number(8, (view) => view.setBigUint64(0, value, little)),
    size: (value) => (version === 1 ? writer.u32(Number(value)) : writer.u64(BigInt(value))),
    text(value) {
      const bytes = new TextEncoder().encode(value);
      writer.size(bytes.length);
      add(bytes);
    },
    value(entry) {
      switch (entry.type) {
        case 'u8':
        case 'bool':
          return writer.u8(entry.value);
        case 'i8':
          return number(1, (view) => view.setInt8(0, entry.value));
        case 'u16':
          return number(2, (view) => view.setUint16(0, entry.value, little));
        case 'i16':
          return number(2, (view) => view.setInt16(0, entry.value, little));
        case 'u32':
          return writer.u32(entry.value);
        case 'i32':
          return number(4, (view) => view.setInt32(0, entry.value, little));
        case 'f32':
          return number(4, (view) => view.setFloat32(0, entry.value, little));
        case 'f64':
          return number(8, (view) => view.setFloat64(0, entry.value, little));
        case 'u64':
          return writer.u64(entry.value);
        case 'i64':
          return number(8, (view) => view.setBigInt64(0, entry.value, little));
        case 'text':
          return writer.text(entry.value);
        case 'list':
          writer.u32(TYPE_NUMBERS[entry.of]);
          writer.size(entry.value.length);
          for (const element of entry.value) writer.value(element);
          return undefined;
      }
    },
    pad(alignment) {
      add(new Uint8Array((alignment - (length % alignment)) % alignment));
    },
    done() {
      const out = new Uint8Array(length);
      let at = 0;
      for (const piece of pieces) {
        out.set(piece, at);
        at += piece.length;
      }
      return out;
    },
  };
  return writer;
}

export function ggufFile(init: GgufInit): Uint8Array {
  const { version = 3, alignment = 32, metadata = [], tensors = [] } = init;
  const writer = ggufWriter(init);
  writer.bytes([0x47, 0x47, 0x55, 0x46]);
  writer.u32(version);
  writer.size(tensors.length);
  const entries: (readonly [string, GgufValue])[] = [...metadata];
  if (alignment !== 32) entries.push(['general.alignment', { type: 'u32', value: alignment }]);
  writer.size(entries.length);
  for (const [key, value] of entries) {
    writer.text(key);
    writer.u32(TYPE_NUMBERS[value.type]);
    writer.value(value);
  }
  let offset = 0;
  for (const { name, dims, type, data, offset: stated } of tensors) {
    writer.text(name);
    writer.u32(dims.length);
    for (const dim of [...dims].reverse()) writer.size(dim);
    writer.u32(type);
    writer.u64(stated ?? BigInt(offset));
    offset = Math.ceil((offset + data.length) / alignment) * alignment;
  }
  for (const { data } of tensors) {
    writer.pad(alignment);
    writer.bytes(data);
  }
  return writer.done();
}
