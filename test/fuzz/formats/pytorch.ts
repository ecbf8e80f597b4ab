import { readdirSync, readFileSync } from 'node:fs';
import { openPytorch } from '../../../src/core/formats/pytorch/open.js';
import * as make from '../../unit/formats/pickle-builder.js';
import { pickleInstructions, zipRecords } from '../boundaries.js';
import type { FuzzCase, FuzzFormat } from '../format.js';
import { readEnds } from '../read-ends.js';
import { randomInstructions, validPickle } from './pickles.js';
import { realFiles } from './real-files.js';

const FIXTURES = new URL('test/fixtures/pytorch/', `file://${process.cwd()}/`);

const fixtures = (pattern: RegExp): FuzzCase[] =>
  readdirSync(FIXTURES)
    .filter((name) => pattern.test(name))
    .map((name) => ({ name, bytes: Uint8Array.from(readFileSync(new URL(name, FIXTURES))) }));

export const pytorchArchive: FuzzFormat = {
  name: 'pytorch-zip',
  corpus: () => [
    ...fixtures(/\.pt$/),
    { name: 'bomb.pt', bytes: make.archive(make.pickle(new Uint8Array(3e6).fill(0x5d)), {}, { level: 9 }) },
    ...realFiles(['toy-interp/sehajr_toy_sae.pt']),
  ],
  valid(random) {
    const { bytes, storages } = validPickle(random);
    const members = Object.fromEntries(storages.map(({ key, values }) => [`data/${key}`, values]));
    const level = random.pick([0, 0, 6] as const);
    const archive = make.archive(bytes, { ...members, version: make.bytes('3\n') }, { level });
    const header = random.chance(0.2) ? '{"schema": 5, "cfg": {"d_sae": 8}}\n' : '';
    return { name: 'valid.pt', bytes: make.bytes(header, archive) };
  },
  pieces: (random) => ({
    name: 'pieces.pt',
    bytes: make.archive(randomInstructions(random), { 'data/0': random.bytes(40) }),
  }),
  // The pickle comes first in PyTorch's own files, and is what most can be done to.
  boundaries(bytes) {
    const records = zipRecords(bytes);
    const start = records.find((at) => bytes[at] === 0x80 && (bytes[at + 1] ?? 9) <= 5);
    return start === undefined ? records : [...records, ...pickleInstructions(bytes, start)];
  },
  exercise: async (source) => readEnds(await openPytorch(source)),
};

export const pytorchLegacy: FuzzFormat = {
  name: 'pytorch-legacy',
  corpus: () => [...fixtures(/\.(pth|pkl)$/), ...realFiles(['toy-interp/captum_titanic_model.pt'])],
  valid(random) {
    const { bytes, storages } = validPickle(random);
    return { name: 'valid.pth', bytes: make.legacy(bytes, random.shuffled(storages)) };
  },
  pieces(random) {
    const bytes = randomInstructions(random);
    const stored = [{ key: '0', elements: 10, values: random.bytes(40) }];
    return { name: 'pieces.pth', bytes: random.chance(0.5) ? bytes : make.legacy(bytes, stored) };
  },
  boundaries: (bytes) => pickleInstructions(bytes, 0),
  exercise: async (source) => readEnds(await openPytorch(source)),
};
