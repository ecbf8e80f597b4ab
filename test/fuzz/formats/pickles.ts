/** Pickles made at random: legal ones with tensors anywhere in them, and instructions that make no sense together. */
import * as make from '../../unit/formats/pickle-builder.js';
import type { Random } from '../random.js';
import { oddShape } from './names.js';

const STORAGES: Readonly<Record<string, number>> = {
  FloatStorage: 4,
  DoubleStorage: 8,
  HalfStorage: 2,
  BFloat16Storage: 2,
  LongStorage: 8,
  IntStorage: 4,
  ShortStorage: 2,
  CharStorage: 1,
  ByteStorage: 1,
  BoolStorage: 1,
  ComplexFloatStorage: 8,
};

export interface Stored {
  readonly key: string;
  readonly elements: number;
  readonly values: Uint8Array;
}

/** A pickle that names the storages, each at least once. */
export interface MadePickle {
  readonly bytes: Uint8Array;
  readonly storages: readonly Stored[];
}

export function validPickle(random: Random): MadePickle {
  const storages: Stored[] = [];
  const types: string[] = [];
  const tensor = (): Uint8Array => {
    const dims = oddShape(random);
    const strides = oddStrides(random, dims);
    const extent = dims.includes(0) ? 0 : dims.reduce((sum, dim, axis) => sum + (dim - 1) * (strides[axis] ?? 0), 1);
    const offset = random.below(3);
    let index = storages.findIndex(({ elements }) => elements >= offset + extent);
    if (index < 0 || random.chance(0.7)) {
      const [type, size] = random.pick(Object.entries(STORAGES));
      const elements = offset + extent + random.below(4);
      index = storages.push({ key: String(storages.length), elements, values: random.bytes(elements * size) }) - 1;
      types.push(type);
    }
    const { key, elements } = storages[index] ?? { key: '', elements: 0 };
    const name = random.pick(['_rebuild_tensor', '_rebuild_tensor_v2']);
    const made = make.tensor(make.storage(key, elements, types[index]), dims, strides, { offset, name });
    const hooks = make.call('collections', 'OrderedDict');
    return random.chance(0.2) ? make.call('torch._utils', '_rebuild_parameter', made, [0x88], hooks) : made;
  };
  let kept = 0;
  const value = (depth: number): Uint8Array => {
    if (kept > 0 && random.chance(0.1)) return make.bytes('j', make.little(random.below(kept), 4));
    const made = depth > 4 || random.chance(0.4) ? plain(random) : composite(depth);
    return random.chance(0.2) ? make.bytes(made, 'r', make.little(kept++, 4)) : made;
  };
  const many = (depth: number): Uint8Array[] => Array.from({ length: random.below(4) }, () => value(depth + 1));
  const entries = (depth: number): (readonly [Uint8Array, Uint8Array])[] =>
    many(depth).map((item) => [plain(random), item] as const);
  const composite = (depth: number): Uint8Array => {
    switch (random.below(10)) {
      case 0:
        return make.tuple(...many(depth));
      case 1:
        return make.list(...many(depth));
      case 2:
        return make.dict(...entries(depth));
      case 3:
        return make.bytes([0x8f], make.MARK, ...many(depth), [0x90]);
      case 4:
        return make.bytes(make.call('collections', 'OrderedDict'), make.MARK, ...entries(depth).flat(), 'u');
      case 5:
        return make.bytes(make.call('some.module', 'Class', ...many(depth)), make.dict(...entries(depth)), make.BUILD);
      case 6:
        return make.bytes(value(depth + 1), random.pick([[0x85], '0N', '20']));
      default:
        return tensor();
    }
  };
  const body = make.dict([make.text('first'), tensor()], ...entries(0), [make.text('last'), value(0)]);
  return { bytes: make.bytes([0x80, random.between(2, 5)], body, '.'), storages };
}

/** Instructions with arguments, one after the other, and what they stand for is up to them. */
export function randomInstructions(random: Random): Uint8Array {
  const classes = ['os\nsystem\n', 'torch._utils\n_rebuild_tensor_v2\n', 'numpy\ndtype\n', 'torch\nFloatStorage\n'];
  const pieces: make.Piece[] = [[0x80, 2]];
  for (let count = random.between(1, 60); count > 0; count--) {
    const single = random.pick([
      ...'(0122Nt)le]au}ddsRQboa',
      ...'\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98',
    ]);
    const piece = random.pick<() => make.Piece>([
      () => [single.charCodeAt(0)],
      () => [single.charCodeAt(0)],
      () => plain(random),
      () => make.bytes('q', [random.below(4)]),
      () => make.bytes('h', [random.below(4)]),
      () => make.bytes(random.pick(['c', 'i']), random.pick(classes)),
      () => make.storage(String(random.below(3)), random.below(20)),
      () => make.tensor(make.storage('0', random.below(20)), oddShape(random), [1]),
    ]);
    pieces.push(piece());
  }
  return make.bytes(...pieces, '.');
}

function plain(random: Random): Uint8Array {
  switch (random.below(9)) {
    case 0:
      return make.bytes(random.pick(['N', [0x88], [0x89]]));
    case 1:
      return make.int(random.between(-(2 ** 31), 2 ** 31 - 1));
    case 2:
      return make.bytes('G', random.bytes(8));
    case 3:
      return make.bytes([0x8a, 9], random.bytes(9));
    case 4:
      return make.bytes('C', [3], random.bytes(3));
    case 5:
      return make.bytes(
        random.pick(['I-17\n', 'L12345678901234567890L\n', 'F1e300\n', "S'a\\x41'\n", 'V\\u0041\n', 'I01\n']),
      );
    case 6:
      return make.global('torch', random.pick(['float32', 'bfloat16', 'strided']));
    case 7:
      return make.call('torch', 'Size', make.tuple(make.int(1), make.int(2)));
    default:
      return make.text(random.pick(['', 'a', 'weight', '0', 'é', '\u202e', 'x'.repeat(200)]));
  }
}

/** Of contiguous, transposed, expanded and overlapping views. */
function oddStrides(random: Random, dims: readonly number[]): number[] {
  let dense = 1;
  const strides = dims.map(() => 0);
  for (const axis of random.chance(0.5) ? dims.keys() : [...dims.keys()].reverse()) {
    strides[axis] = random.chance(0.15) ? random.below(4) : dense;
    dense *= Math.max(1, Math.min(dims[axis] ?? 1, 20));
  }
  return strides;
}
