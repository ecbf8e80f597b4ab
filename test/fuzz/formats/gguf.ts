import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGguf } from '../../../src/core/formats/gguf/open.js';
import { ggufFile, type GgufInit, type GgufTensorInit, type GgufValue } from '../../unit/formats/gguf-builder.js';
import { ROOT } from '../root.js';
import type { FuzzFormat } from '../format.js';
import type { Random } from '../random.js';
import { readEnds } from '../read-ends.js';
import { ggufFields } from '../boundaries.js';
import { oddNames } from './names.js';

const BLOCKS = join(ROOT, 'test/fixtures/gguf/blocks.json');
/** Types that lie one behind the other: number, bytes of an element. */
const PLAIN: readonly (readonly [number: number, bytes: number])[] = [
  [0, 4],
  [1, 2],
  [24, 1],
  [25, 2],
  [26, 4],
  [27, 8],
  [28, 8],
  [30, 2],
];

interface Block {
  readonly type: string;
  readonly number: number;
  readonly blocks: Uint8Array;
  readonly weights: number;
}
let blocks: readonly Block[] = [];

export const gguf: FuzzFormat = {
  name: 'gguf',
  corpus() {
    const stored = JSON.parse(readFileSync(BLOCKS, 'utf8')) as {
      readonly type: string;
      readonly number: number;
      readonly blocks: string;
      readonly weights: string;
    }[];
    blocks = stored.map(({ type, number, blocks, weights }) => ({
      type,
      number,
      blocks: Uint8Array.from(Buffer.from(blocks, 'base64')),
      weights: Buffer.from(weights, 'base64').length / 4,
    }));
    const tensors = blocks.map(({ type, number, blocks: data, weights }): GgufTensorInit => ({
      name: `blk.0.${type}.weight`,
      dims: [weights],
      type: number,
      data,
    }));
    const metadata: GgufInit['metadata'] = [
      ['general.architecture', { type: 'text', value: 'llama' }],
      ['llama.block_count', { type: 'u32', value: 1 }],
      ['tokenizer.ggml.tokens', texts(40)],
      [
        'tokenizer.ggml.scores',
        { type: 'list', of: 'f32', value: Array.from({ length: 40 }, (_, i) => ({ type: 'f32', value: i })) },
      ],
    ];
    return [
      { name: 'types.gguf', bytes: ggufFile({ tensors, metadata }) },
      ...([1, 2] as const).map((version) => ({
        name: `version-${version}.gguf`,
        bytes: ggufFile({ version, tensors: tensors.slice(0, 2), metadata }),
      })),
      { name: 'big.gguf', bytes: ggufFile({ bigEndian: true, tensors: tensors.slice(0, 1), metadata, alignment: 64 }) },
      splitFile(),
    ];
  },
  valid: (random) => ({ name: 'valid.gguf', bytes: oddFile(random) }),
  boundaries: ggufFields,
  exercise: async (source, siblings) => readEnds(await openGguf(source, siblings)),
};

function splitFile() {
  const part = (index: number): Uint8Array =>
    ggufFile({
      metadata: [
        ['split.no', { type: 'u16', value: index }],
        ['split.count', { type: 'u16', value: 2 }],
      ],
      tensors: [{ name: `part.${index}`, dims: [2, 2], type: 0, data: new Uint8Array(16) }],
    });
  return {
    name: 'm-00001-of-00002.gguf',
    bytes: part(0),
    siblings: new Map([['m-00002-of-00002.gguf', part(1)]]),
  };
}

function texts(count: number): GgufValue {
  return {
    type: 'list',
    of: 'text',
    value: Array.from({ length: count }, (_, i) => ({ type: 'text', value: `t${i}` })),
  };
}

/** Metadata of every type, lists in lists; tensors of every type, of odd names. */
function oddFile(random: Random): Uint8Array {
  const version = random.pick([1, 2, 3] as const);
  const names = oddNames(random, random.below(10)).filter((name) => !name.includes('\ud800') && name.length <= 64);
  const tensors = names.map((name): GgufTensorInit => {
    if (random.chance(0.5)) {
      const { number, blocks: data, weights } = random.pick(blocks);
      const repeats = random.between(1, 3);
      const repeated = Uint8Array.from({ length: data.length * repeats }, (_, at) => data[at % data.length] ?? 0);
      return { name, dims: [repeats, weights], type: number, data: repeated };
    }
    const [number, bytes] = random.pick(PLAIN);
    const dims = Array.from({ length: random.between(1, 4) }, () => random.between(1, 5));
    const elements = dims.reduce((product, dim) => product * dim, 1);
    return { name, dims, type: number, data: random.bytes(elements * bytes) };
  });
  const keys = oddNames(random, random.below(8)).filter((name) => !name.includes('\ud800'));
  return ggufFile({
    version,
    bigEndian: version === 3 && random.chance(0.3),
    alignment: random.pick([8, 32, 32, 64, 256]),
    metadata: keys.map((key) => [`odd.${key}`, oddValue(random, 0)] as const),
    tensors,
  });
}

function oddValue(random: Random, depth: number): GgufValue {
  const scalars: readonly (() => GgufValue)[] = [
    () => ({ type: 'u8', value: random.below(256) }),
    () => ({ type: 'i32', value: -random.below(1000) }),
    () => ({ type: 'f32', value: random.pick([0.1, NaN, Infinity, -0]) }),
    () => ({ type: 'bool', value: random.below(2) }),
    () => ({ type: 'u64', value: 2n ** 64n - 1n }),
    () => ({ type: 'f64', value: 1e300 }),
    () => ({ type: 'text', value: random.pick(['', 'a', '\u202eabc', 'x'.repeat(3000), '\0']) }),
  ];
  if (depth > 2 || random.chance(0.6)) return random.pick(scalars)();
  const first = depth < 2 && random.chance(0.2) ? oddValue(random, depth + 1) : random.pick(scalars)();
  return { type: 'list', of: first.type, value: Array.from({ length: random.below(30) }, () => first) };
}
