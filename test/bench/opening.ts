import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeOnnx } from '../../src/core/formats/onnx/decode.js';
import { openOnnx } from '../../src/core/formats/onnx/open.js';
import { openFileSource } from '../../src/node/file-source.js';
import { siblingFiles } from '../../src/node/sibling-files.js';
import { networkFile } from './networks.js';
import { median, note, report } from './timing.js';
import { peakMegabytes } from './peak-memory.js';

/** By reference: the structure, as the product reads it. Whole: read everything, then decode it. */
export const OPENING_SIDES = ['by reference', 'whole'] as const;

const TIME_TARGET = 0.1;
const MEMORY_TARGET_MEGABYTES = 80;
const REPETITIONS = 5;

interface Opened {
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** Opens the 650 MB file once in this process. */
export async function openOnce(side: (typeof OPENING_SIDES)[number]): Promise<Opened> {
  const path = networkFile('gpt2');
  const before = peakMegabytes();
  const start = performance.now();
  if (side === 'whole') decodeOnnx(await readFile(path));
  else await openOnnx(await openFileSource(path), siblingFiles(dirname(path)));
  const milliseconds = performance.now() - start;
  return { milliseconds, megabytes: peakMegabytes() - before };
}

/** Time and memory until the structure of a 650 MB file is known. */
export async function measureOpening(runAlone: (part: string) => unknown): Promise<boolean> {
  networkFile('gpt2');
  const results: Record<(typeof OPENING_SIDES)[number], Opened[]> = { 'by reference': [], whole: [] };
  for (let round = 0; round < REPETITIONS; round++) {
    for (const side of OPENING_SIDES) results[side].push(runAlone(`open ${side}`) as Opened);
  }
  const milliseconds = (side: (typeof OPENING_SIDES)[number]) => median(results[side].map((each) => each.milliseconds));
  const [reference, whole] = [milliseconds('by reference'), milliseconds('whole')];
  note(`652 MB file: ${reference.toFixed(0)} ms by reference, ${whole.toFixed(0)} ms read whole and decoded`);
  return [
    report('time, by reference / whole', reference / whole, TIME_TARGET),
    report(
      'additional memory by reference',
      median(results['by reference'].map((each) => each.megabytes)),
      MEMORY_TARGET_MEGABYTES,
      'MB',
    ),
  ].every(Boolean);
}
