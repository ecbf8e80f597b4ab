import { zipSync, type Zippable } from 'fflate';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { openNumpy } from '../../../src/core/formats/numpy/open.js';
import { NUMPY_FILES } from '../../unit/formats/numpy-files.js';
import { textTokens, zipRecords } from '../boundaries.js';
import type { FuzzCase, FuzzFormat } from '../format.js';
import type { Random } from '../random.js';
import { readEnds } from '../read-ends.js';
import { oddNames, oddShape } from './names.js';
import { realFiles } from './real-files.js';

const MAGIC = [0x93, ...new TextEncoder().encode('NUMPY')];
/** Bytes of an element, by type. */
const TYPES: Readonly<Record<string, number>> = {
  f2: 2,
  f4: 4,
  f8: 8,
  i1: 1,
  i2: 2,
  i4: 4,
  i8: 8,
  u1: 1,
  u2: 2,
  u4: 4,
  u8: 8,
  b1: 1,
  c8: 8,
  c16: 16,
  f16: 16,
  U3: 12,
  S5: 5,
  M8: 8,
  V7: 7,
  O: 8,
};

const writtenByNumpy = (archives: boolean): FuzzCase[] =>
  Object.entries(NUMPY_FILES)
    .filter(([name]) => name.startsWith('npz') === archives)
    .map(([name, text]) => ({ name, bytes: Uint8Array.from(Buffer.from(text, 'base64')) }));

export const npy: FuzzFormat = {
  name: 'npy',
  corpus: () => writtenByNumpy(false),
  valid: (random) => ({ name: 'valid.npy', bytes: oddArray(random) }),
  boundaries: (bytes) => [0, 6, 8, ...textTokens(bytes, 10, 200)],
  exercise: async (source) => readEnds(await openNumpy(source)),
};

export const npz: FuzzFormat = {
  name: 'npz',
  corpus: () => [
    ...writtenByNumpy(true),
    {
      name: 'bomb.npz',
      bytes: zipSync({ 'a.npy': encodeNpy({ type: 'uint8', dims: [3e6], data: new Uint8Array(3e6) }) }),
    },
    ...realFiles(['datasets/audio/vocadito_10_note_events.npz']),
  ],
  valid(random) {
    const members: Zippable = {};
    for (const name of oddNames(random, random.between(1, 8))) {
      // Not a folder, and not beyond what a name may take.
      const level = random.pick([0, 6, 9] as const);
      if (!name.includes('\ud800')) members[`${name}.npy`] = [oddArray(random), { level }];
    }
    members['a.npy'] = oddArray(random);
    if (random.chance(0.2)) members['readme.txt'] = new TextEncoder().encode('not an array');
    return { name: 'valid.npz', bytes: zipSync(members, { comment: random.pick(['', 'PK\u0005\u0006 note']) }) };
  },
  boundaries: zipRecords,
  exercise: async (source) => readEnds(await openNumpy(source)),
};

/** An array of any version, type, order and shape. */
function oddArray(random: Random): Uint8Array {
  const [type, size] = random.pick(Object.entries(TYPES));
  const descr = random.chance(0.1)
    ? `[('a', '<i4'), ('b', [('c', '>f8', (2, 3))])]`
    : `'${random.pick(size === 1 ? ['|', ''] : ['<', '>', ''])}${type}'`;
  const dims = oddShape(random);
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(random.pick([', ', ',']));
  const keys = random.shuffled([
    `'descr': ${descr}`,
    `'fortran_order': ${random.pick(['True', 'False'])}`,
    `'shape': (${shape})`,
  ]);
  const version = random.between(1, 3);
  const text = new TextEncoder().encode(`{${keys.join(', ')}, }${' '.repeat(random.below(50))}\n`);
  const bytesEach = descr.startsWith('[') ? 52 : size;
  const length =
    version === 1
      ? [text.length & 255, text.length >> 8]
      : [text.length & 255, (text.length >> 8) & 255, (text.length >> 16) & 255, 0];
  const values = random.bytes(dims.reduce((product, dim) => product * dim, bytesEach));
  return Uint8Array.from([...MAGIC, version, 0, ...length, ...text, ...values]);
}
