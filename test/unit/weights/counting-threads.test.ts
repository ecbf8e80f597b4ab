import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partSource } from '../../../src/core/bytes/part-source.js';
import { plainValues } from '../../../src/core/formats/plain-values.js';
import type { TensorValues, WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { bytesPerStored } from '../../../src/core/tensor/stored-type.js';
import { elementCount } from '../../../src/core/tensor/tensor.js';
import { tensorStatistics } from '../../../src/core/weights/statistics.js';
import { countPatterns } from '../../../src/core/weights/statistics/narrow.js';
import { countingProgram } from '../../../src/node/counting/program.js';
import { countingThreads, type CountingOptions, type CountingThreads } from '../../../src/node/counting/threads.js';
import { openFileSource, type FileSource } from '../../../src/node/file-source.js';
import { bundleThread } from '../bundle-thread.js';
import { neededData } from '../shared-data.js';

const folder = mkdtempSync(join(tmpdir(), 'model-inspector-counting-'));
let script: URL;
beforeAll(async () => {
  script = await bundleThread('src/node/counting/thread.ts');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Threads that take every tensor, in small parts. */
async function withThreads<T>(
  work: (threads: CountingThreads) => Promise<T>,
  options: CountingOptions = {},
  program = script,
): Promise<T> {
  const threads = countingThreads(program, { threads: 3, fewestValues: 0, valuesAtOnce: 1000, ...options });
  try {
    return await work(threads);
  } finally {
    await threads.close();
  }
}

/** The same bytes every time, all patterns of 8 bits among them. */
function noise(length: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24);
}

const BYTES = noise(300_007);

async function fileOf(name: string, bytes = BYTES): Promise<FileSource> {
  writeFileSync(join(folder, name), bytes);
  return openFileSource(join(folder, name));
}

/** Counts one by one. */
function directCounts(bytes: Uint8Array, bytesPerValue: number): Float64Array {
  const counts = new Float64Array(256 ** bytesPerValue);
  for (let at = 0; at + bytesPerValue <= bytes.length; at += bytesPerValue) {
    const pattern = (bytes[at] ?? 0) + (bytesPerValue === 2 ? (bytes[at + 1] ?? 0) * 256 : 0);
    counts[pattern] = (counts[pattern] ?? 0) + 1;
  }
  return counts;
}

/** Thousands of numbers that are compared one by one by the test runner take a second. */
function isSame(found: Float64Array, expected: Float64Array): boolean {
  return Buffer.from(found.buffer).equals(Buffer.from(expected.buffer));
}

/** Values that say how often they were read here. */
function watched(values: TensorValues): { readonly values: TensorValues; readonly read: () => number } {
  let elements = 0;
  return {
    values: {
      ...values,
      read(start, count) {
        elements += count;
        return values.read(start, count);
      },
      readInto(start, target) {
        elements += target.length;
        return values.readInto?.(start, target) ?? Promise.reject(new Error('Not to be read into.'));
      },
    },
    read: () => elements,
  };
}

describe('the program that counts', () => {
  it.each([1, 2] as const)('counts values of %d bytes, however many, and goes on where it was', (bytesPerValue) => {
    const program = countingProgram(bytesPerValue, 4096);
    const expected = new Float64Array(256 ** bytesPerValue);
    for (const values of [0, 1, 2, 15, 16, 17, 31, 32, 33, 1000, 4096 / bytesPerValue]) {
      const bytes = BYTES.subarray(values, values + values * bytesPerValue);
      program.input.set(bytes);
      program.count(bytes.length);
      directCounts(bytes, bytesPerValue).forEach((count, pattern) => {
        expected[pattern] = (expected[pattern] ?? 0) + count;
      });
      expect(isSame(Float64Array.from(program.counts), expected), `${values}`).toBe(true);
    }
  });
});

describe('counting in threads', () => {
  it.each(['float16', 'bfloat16', 'int16', 'uint16', 'int8', 'uint8'] as const)(
    'counts each %s once, wherever in the file and however many',
    async (type) => {
      const source = await fileOf('noise.bin');
      const size = bytesPerStored(type);
      await withThreads(async (threads) => {
        for (const start of [0, 1, 2, 3, 520]) {
          for (const elements of [0, 1, 999, 1000, 1001, 2999, 131_073, 149_000]) {
            const { values, read } = watched(plainValues(source, { type, start, elements }));
            const found = await threads.countPatterns(values, elements, {});
            const expected = directCounts(BYTES.subarray(start, start + elements * size), size);
            // Compared as bytes: thousands of numbers one by one take long.
            expect(Buffer.from(found.buffer).equals(Buffer.from(expected.buffer)), `${elements} from ${start}`).toBe(
              true,
            );
            expect(read(), 'all was read by the threads').toBe(0);
          }
        }
      });
      await source.close();
    },
  );

  it('reads more than one piece of the file for one part of the tensor', async () => {
    const bytes = noise(1_000_001);
    const source = await fileOf('large.bin', bytes);
    const values = plainValues(source, { type: 'float16', start: 1, elements: 500_000 });
    const options = { valuesAtOnce: 400_000 };
    const found = await withThreads((threads) => threads.countPatterns(values, 500_000, {}), options);
    expect(isSame(found, directCounts(bytes.subarray(1), 2))).toBe(true);
    await source.close();
  });

  it('finds the part of a file that a member of an archive is', async () => {
    const source = await fileOf('archive.bin');
    const part = partSource('member', 5000, () => Promise.resolve({ source, start: 77 }));
    const { values, read } = watched(plainValues(part, { type: 'int8', start: 3, elements: 4000 }));
    const found = await withThreads((threads) => threads.countPatterns(values, 4000, {}));
    expect(found).toEqual(directCounts(BYTES.subarray(80, 4080), 1));
    expect(read()).toBe(0);
    await source.close();
  });

  it.each([
    { why: 'zeros and ones are told apart on reading', type: 'bool', bigEndian: false },
    { why: 'bytes are swapped on reading', type: 'float16', bigEndian: true },
  ] as const)('is left alone where $why', async ({ type, bigEndian }) => {
    const source = await fileOf('plain.bin');
    const { values, read } = watched(plainValues(source, { type, start: 0, elements: 5000, bigEndian }));
    const found = await withThreads((threads) => threads.countPatterns(values, 5000, {}));
    expect(isSame(found, await countPatterns(values, 5000, {}))).toBe(true);
    expect(read()).toBe(10_000);
    await source.close();
  });

  it.each([
    { why: 'one thread is asked for', options: { threads: 1 } },
    { why: 'the tensor is small', options: { fewestValues: 5001 } },
  ])('is left alone where $why', async ({ options }) => {
    const source = await fileOf('small.bin');
    const { values, read } = watched(plainValues(source, { type: 'uint8', start: 0, elements: 5000 }));
    await withThreads((threads) => threads.countPatterns(values, 5000, {}), options);
    expect(read()).toBe(5000);
    await source.close();
  });

  it('answers two questions at once, and more after the first', async () => {
    const source = await fileOf('twice.bin');
    const values = plainValues(source, { type: 'uint8', start: 0, elements: 300_000 });
    const expected = directCounts(BYTES.subarray(0, 300_000), 1);
    await withThreads(async ({ countPatterns: count }) => {
      expect(await Promise.all([count(values, 300_000, {}), count(values, 300_000, {})])).toEqual([expected, expected]);
      expect(await count(values, 300_000, {})).toEqual(expected);
    });
    await source.close();
  });

  it('reports progress that never falls and ends at 1', async () => {
    const source = await fileOf('progress.bin');
    const values = plainValues(source, { type: 'uint8', start: 0, elements: 100_000 });
    const shares: number[] = [];
    const onProgress = (share: number): void => void shares.push(share);
    await withThreads((threads) => threads.countPatterns(values, 100_000, { onProgress }));
    expect(shares).toHaveLength(100);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    await source.close();
  });

  it('stops soon after it is told to', async () => {
    const source = await fileOf('cancelled.bin');
    const values = plainValues(source, { type: 'uint8', start: 0, elements: 300_000 });
    await withThreads(async (threads) => {
      const controller = new AbortController();
      let told = 0;
      const onProgress = (): void => {
        if (++told === 5) controller.abort();
      };
      const counting = threads.countPatterns(values, 300_000, { signal: controller.signal, onProgress });
      await expect(counting).rejects.toThrow('Cancelled');
      expect(told).toBeLessThan(10);
      await expect(threads.countPatterns(values, 1000, { signal: controller.signal })).rejects.toThrow('Cancelled');
      expect(await threads.countPatterns(values, 1000, {})).toEqual(directCounts(BYTES.subarray(0, 1000), 1));
    });
    await source.close();
  });

  it('says what is wrong with the file as reading it here does', async () => {
    const source = await fileOf('shorter.bin');
    const values = plainValues(source, { type: 'uint8', start: 0, elements: 300_000 });
    truncateSync(source.path, 150_000);
    await withThreads(async (threads) => {
      await expect(threads.countPatterns(values, 300_000, {})).rejects.toMatchObject({
        problem: { kind: 'file-changed', place: 'shorter.bin' },
      });
    });
    await source.close();
    const outside = plainValues(await fileOf('short.bin'), { type: 'uint8', start: 0, elements: 400_000 });
    await withThreads(async (threads) => {
      await expect(threads.countPatterns(outside, 400_000, {})).rejects.toMatchObject({
        problem: { kind: 'truncated-file' },
      });
    });
  });

  it('takes no other file for the one that was opened, even where its size is the same', async () => {
    const source = await fileOf('replaced.bin');
    const values = plainValues(source, { type: 'uint8', start: 0, elements: 1000 });
    rmSync(source.path);
    writeFileSync(source.path, noise(BYTES.length).reverse());
    await withThreads(async (threads) => {
      await expect(threads.countPatterns(values, 1000, {})).rejects.toMatchObject({
        problem: { kind: 'file-changed' },
      });
    });
    await source.close();
  });

  it('is done here where the threads do not start, end on the way, or were closed', async () => {
    const source = await fileOf('alone.bin');
    const elements = 20_000;
    const expected = directCounts(BYTES.subarray(0, elements), 1);
    const dying = join(folder, 'dying.mjs');
    writeFileSync(
      dying,
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(1));`,
    );
    for (const program of [pathToFileURL(join(folder, 'nowhere.mjs')), pathToFileURL(dying)]) {
      const { values, read } = watched(plainValues(source, { type: 'uint8', start: 0, elements }));
      expect(await withThreads(({ countPatterns: count }) => count(values, elements, {}), {}, program)).toEqual(
        expected,
      );
      expect(read()).toBe(elements);
    }
    const { values, read } = watched(plainValues(source, { type: 'uint8', start: 0, elements }));
    const closed = countingThreads(script, { threads: 3, fewestValues: 0 });
    await closed.close();
    expect(await closed.countPatterns(values, elements, {})).toEqual(expected);
    expect(read()).toBe(elements);
    await source.close();
  });

  it('keeps no process from ending', async () => {
    const program = join(folder, 'asking.mjs');
    const from = (path: string): string => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url));
    await build({
      stdin: {
        contents: `
          import { plainValues } from ${JSON.stringify(from('core/formats/plain-values.ts'))};
          import { openFileSource } from ${JSON.stringify(from('node/file-source.ts'))};
          import { countingThreads } from ${JSON.stringify(from('node/counting/threads.ts'))};
          const source = await openFileSource(process.argv[2]);
          const values = plainValues(source, { type: 'uint8', start: 0, elements: 300_000 });
          const threads = countingThreads(new URL('./counting.mjs', import.meta.url), { threads: 2, fewestValues: 0 });
          const counts = await threads.countPatterns(values, 300_000, {});
          console.log(counts.reduce((sum, count) => sum + count, 0));`,
        resolveDir: folder,
      },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    copyFileSync(script, join(folder, 'counting.mjs'));
    const source = await fileOf('process.bin');
    const { stdout, status } = spawnSync(process.execPath, [program, source.path], { encoding: 'utf8', timeout: 8000 });
    expect({ stdout, status }).toEqual({ stdout: '300000\n', status: 0 });
  });
});

describe('statistics in threads', () => {
  it('are, bit for bit, those without threads', async () => {
    // Beyond what is held in memory for several passes.
    writeFileSync(join(folder, 'statistics.bin'), noise(2 ** 24 + 100_000));
    const source = await openFileSource(join(folder, 'statistics.bin'));
    for (const type of ['float16', 'int8'] as const) {
      const dims = [7, Math.floor((source.size - 3) / bytesPerStored(type) / 7)];
      const values = plainValues(source, { type, start: 3, elements: elementCount(dims) });
      const tensor: WeightTensor = { name: 'w', dims, dtype: type, bytes: source.size, values };
      const options = { valuesAtOnce: 1_000_003 };
      const threaded = withThreads(({ countPatterns: count }) => tensorStatistics(tensor, {}, count), options);
      expect(await threaded, type).toEqual(await tensorStatistics(tensor));
    }
    await source.close();
  });

  it('rest on the same counts for the bytes of real weights, whatever type they are taken for', async ({ skip }) => {
    const source = await openFileSource(neededData('audio/silero_vad_16k.safetensors', skip));
    for (const type of ['float16', 'bfloat16', 'int16', 'uint16', 'int8', 'uint8'] as const) {
      const elements = Math.floor((source.size - 1) / bytesPerStored(type));
      const values = plainValues(source, { type, start: 1, elements });
      const options = { valuesAtOnce: 200_001 };
      const threaded = withThreads(({ countPatterns: count }) => count(values, elements, {}), options);
      expect(isSame(await threaded, await countPatterns(values, elements, {})), type).toBe(true);
    }
    await source.close();
  });
});
