import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.js';
import type * as H5wasm from 'h5wasm';
import { openHdf5 } from '../../../src/node/hdf5/open.js';
import { hdf5Thread, type Hdf5Thread } from '../../../src/node/hdf5/question-thread.js';
import { hdf5Structures } from '../boundaries.js';
import type { FuzzCase, FuzzFormat } from '../format.js';
import type { Random } from '../random.js';
import { readEnds } from '../read-ends.js';
import { oddNames, oddShape } from './names.js';

/** Beside the bundle that this is in: campaign.ts puts it there. */
const SCRIPT = new URL('./hdf5.mjs', import.meta.url);
const FIXTURES = join(ROOT, 'test/fixtures/hdf5/');
/** A file on which the library hangs takes this, and the time that another thread needs to start. */
const PATIENCE_MILLISECONDS = 300;
const TYPES = ['<b', '<B', '<h', '<H', '<i', '<I', '<q', '<Q', '<f', '<d'] as const;

let library: typeof H5wasm | undefined;
/** One for all files, which is not closed with a file: starting it takes longer than to open a hundred. */
let thread: Hdf5Thread | undefined;

export const hdf5: FuzzFormat = {
  name: 'hdf5',
  async corpus() {
    library = await import('h5wasm');
    await library.ready;
    thread = hdf5Thread(SCRIPT, { patienceMilliseconds: PATIENCE_MILLISECONDS });
    return ['types.h5', 'layout.h5', 'links.h5'].map((name) => ({
      name,
      bytes: Uint8Array.from(readFileSync(FIXTURES + name)),
    }));
  },
  valid: (random) => atOneMoment(() => oddFile(random)),
  boundaries: hdf5Structures,
  // The library may be lost on a file three times, and each time another thread starts.
  longestMilliseconds: 4000,
  async exercise(source) {
    if (thread === undefined) throw new Error('The files were not made first.');
    await readEnds(await openHdf5(source, { ...thread, close: async () => undefined }));
  },
};

/** The library writes the time into files; the same seed is to make the same file at any time. */
function atOneMoment<T>(make: () => T): T {
  const { now } = Date;
  Date.now = () => 0;
  try {
    return make();
  } finally {
    Date.now = now;
  }
}

/** Groups and datasets of odd names, all types and odd shapes, some of them in chunks and packed, and attributes. */
function oddFile(random: Random): FuzzCase {
  const { File, FS } = library ?? {};
  if (File === undefined || !FS) throw new Error('The library was not loaded first.');
  const file = new File('made.h5', 'w', {
    libver: [random.pick(['earliest', 'v108', 'v110', 'latest'] as const), 'latest'],
    track_order: random.chance(0.3),
  });
  // "/" parts names, "." is the group itself, and half a character cannot be written.
  const names = new Set(oddNames(random, random.between(1, 8)).map((name) => name.replaceAll(/[/\0\ud800]/g, '_')));
  for (const last of names) {
    if (last === '' || last === '.') continue;
    const group = random.chance(0.5) ? file : (file.get('group') ?? file.create_group('group', random.chance(0.3)));
    if (!('create_dataset' in group)) continue;
    const dtype = random.pick(TYPES);
    const shape = oddShape(random);
    const elements = shape.reduce((product, dim) => product * dim, 1);
    const isWide = dtype === '<q' || dtype === '<Q';
    const data = Array.from({ length: elements }, () => random.below(100));
    const isChunked = elements > 0 && shape.length > 0 && random.chance(0.5);
    group.create_dataset({
      name: last,
      data: isWide ? BigInt64Array.from(data, BigInt) : data,
      shape,
      dtype,
      ...(isChunked ? { chunks: shape.map((dim) => random.between(1, dim)) } : {}),
      ...(isChunked && random.chance(0.5) ? { compression: 'gzip' as const, compression_opts: 4 } : {}),
    });
    if (random.chance(0.3))
      group.create_attribute(`of ${last}`, random.pick(['text', 'x'.repeat(5000), 7, [1.5, 2.5]]));
  }
  if (random.chance(0.3)) file.create_soft_link('/nowhere', 'soft');
  if (random.chance(0.3)) file.create_external_link('other.h5', '/x', 'external');
  file.close();
  const bytes = Uint8Array.from(FS.readFile('made.h5') as Uint8Array);
  FS.unlink('made.h5');
  return { name: 'valid.h5', bytes };
}
