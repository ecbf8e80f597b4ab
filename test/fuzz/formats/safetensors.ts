import { encodeSafetensors } from '../../../src/core/formats/safetensors/safetensors.js';
import { openSafetensors } from '../../../src/core/formats/safetensors/open.js';
import { openSafetensorsIndex } from '../../../src/core/formats/safetensors/open-index.js';
import { textTokens } from '../boundaries.js';
import type { FuzzCase, FuzzFormat } from '../format.js';
import type { Random } from '../random.js';
import { readEnds } from '../read-ends.js';
import { oddNames, oddShape } from './names.js';
import { realFiles } from './real-files.js';

const BITS: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

const PREFIX_BYTES = 8;

export const safetensors: FuzzFormat = {
  name: 'safetensors',
  corpus: () => [
    { name: 'made.safetensors', bytes: small() },
    { name: 'none.safetensors', bytes: written('{}', new Uint8Array(0)) },
    ...realFiles(['derived/captum_titanic_model.safetensors', 'derived/sehajr_toy_sae.safetensors']),
  ],
  valid: (random) => ({ name: 'valid.safetensors', bytes: odd(random, oddNames(random, random.below(12))) }),
  boundaries: (bytes) => [0, ...textTokens(bytes, PREFIX_BYTES, PREFIX_BYTES + 8000)],
  exercise: async (source) => readEnds(await openSafetensors(source)),
};

export const safetensorsIndex: FuzzFormat = {
  name: 'safetensors-index',
  corpus: () => [
    set({ 'a.safetensors': ['x', 'y'], 'b.safetensors': ['z'] }, (names) => written(headerOf(names), values(names))),
    set({ 'deep/a.safetensors': ['x'] }, () => small()),
  ],
  valid(random) {
    const files = Array.from({ length: random.below(5) }, (_, index) => `shard-${index}.safetensors`);
    const names = oddNames(random, files.length * 3);
    const placed = Object.fromEntries(files.map((file, index) => [file, names.slice(3 * index, 3 * index + 3)]));
    return set(placed, (held) => odd(random, held));
  },
  boundaries: (bytes) => textTokens(bytes, bytes[PREFIX_BYTES] === 0x7b ? PREFIX_BYTES : 0, 8000),
  async exercise(source, siblings) {
    await readEnds(await openSafetensorsIndex(source, siblings));
  },
};

function set(
  files: Readonly<Record<string, readonly string[]>>,
  make: (names: readonly string[]) => Uint8Array,
): FuzzCase {
  const map = Object.entries(files).flatMap(([file, names]) => names.map((name) => [name, file] as const));
  const index = `{"metadata": {"total_size": 10}, "weight_map": {${map
    .map(([name, file]) => `${JSON.stringify(name)}: ${JSON.stringify(file)}`)
    .join(', ')}}}`;
  const siblings = new Map(Object.entries(files).map(([file, names]) => [file, make(names)]));
  return { name: 'model.safetensors.index.json', bytes: new TextEncoder().encode(index), siblings };
}

function small(): Uint8Array {
  return encodeSafetensors(
    {
      x: { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      y: { dtype: 'I64', shape: [2], data: BigInt64Array.of(1n, -1n) },
      z: { dtype: 'U8', shape: [], data: Uint8Array.of(7) },
    },
    { format: 'pt' },
  );
}

/** One byte each. */
function headerOf(names: readonly string[]): string {
  const entries = names.map((name, at) => [name, { dtype: 'U8', shape: [1], data_offsets: [at, at + 1] }]);
  return JSON.stringify(Object.fromEntries(entries));
}

function values(names: readonly string[]): Uint8Array {
  return new Uint8Array(names.length).fill(1);
}

/** Tensors of all types and odd shapes, in the header in another order than in the file. */
function odd(random: Random, names: readonly string[]): Uint8Array {
  let end = 0;
  const entries = names.map((name) => {
    const [dtype, bits] = random.pick(Object.entries(BITS));
    let shape = oddShape(random);
    const elements = shape.reduce((product, dim) => product * dim, 1);
    // Elements that do not fill their last byte have no range of bytes.
    if ((elements * bits) % 8 !== 0) shape = [8, ...shape];
    const begin = end;
    end += (shape.reduce((product, dim) => product * dim, 1) * bits) / 8;
    const more = random.chance(0.1) ? { note: [{ deep: ['}', '"', '\\'] }] } : {};
    return [name, { dtype, shape, data_offsets: [begin, end], ...more }] as const;
  });
  const space = random.pick(['', ' ', '\n\t ']);
  const texts = random
    .shuffled(entries)
    .map(([name, entry]) => `${JSON.stringify(name)}${space}:${space}${JSON.stringify(entry)}`);
  if (random.chance(0.5)) texts.unshift(`"__metadata__":{"format":"pt","": "\\u0000"}`);
  return written(`{${space}${texts.join(`,${space}`)}${space}}${' '.repeat(random.below(20))}`, random.bytes(end));
}

function written(header: string, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(PREFIX_BYTES + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, PREFIX_BYTES);
  file.set(data, PREFIX_BYTES + text.length);
  return file;
}
