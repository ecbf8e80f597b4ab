/** From a file on disk to numbers, through whatever tells its format. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../../src/core/formats/safetensors/safetensors.js';
import type { TensorFile } from '../../../src/core/formats/tensor-file.js';
import { overview } from '../../../src/core/graph/overview.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { openFormat } from '../../../src/node/open-format.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { ggufFile } from './gguf-builder.js';
import { bundleHdf5Thread } from './hdf5-script.js';
import { numbersOf, weight } from './weight-values.js';

const folder = mkdtempSync(join(tmpdir(), 'model-inspector-formats-'));
let script: URL;
beforeAll(async () => {
  script = await bundleHdf5Thread();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(fileURLToPath(new URL('.', script)), { recursive: true });
});

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/hdf5/${name}`, import.meta.url));
const open = async (name: string): Promise<TensorFile> =>
  (await openFormat(await openFileSource(join(folder, name)), siblingFiles(folder), undefined, script)).weights;
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('a GGUF model in several files', () => {
  const part = (index: number, tensors: readonly (readonly [string, readonly number[]])[]): Uint8Array =>
    ggufFile({
      metadata: [
        ['general.architecture', { type: 'text', value: 'llama' }],
        ['split.no', { type: 'u16', value: index }],
        ['split.count', { type: 'u16', value: 3 }],
      ],
      tensors: tensors.map(([name, values]) => ({ name, dims: [values.length], type: 0, data: floats(...values) })),
    });

  it('opens from any of them, with all tensors in order', async () => {
    writeFileSync(join(folder, 'm-00001-of-00003.gguf'), part(0, [['a', [1, 2]]]));
    writeFileSync(join(folder, 'm-00002-of-00003.gguf'), part(1, [['b', [3]], ['c', [4, 5]]])); // prettier-ignore
    writeFileSync(join(folder, 'm-00003-of-00003.gguf'), part(2, [['d', [6]]]));
    for (const name of ['m-00001-of-00003.gguf', 'm-00003-of-00003.gguf']) {
      const file = await open(name);
      expect(file.tensors.map((tensor) => [tensor.name, tensor.file])).toEqual([
        ['a', 'm-00001-of-00003.gguf'],
        ['b', 'm-00002-of-00003.gguf'],
        ['c', 'm-00002-of-00003.gguf'],
        ['d', 'm-00003-of-00003.gguf'],
      ]);
      expect(await Promise.all(file.tensors.map((tensor) => numbersOf(tensor)))).toEqual([[1, 2], [3], [4, 5], [6]]);
      expect(file).toMatchObject({ formatName: 'GGUF version 3, 3 files', problems: [] });
      expect(file.files).toHaveLength(3);
      await file.close();
    }
  });

  it('and without one of them, with what is there', async () => {
    writeFileSync(join(folder, 'n-00001-of-00002.gguf'), part(0, [['a', [1, 2]]]));
    const file = await open('n-00001-of-00002.gguf');
    expect(await numbersOf(weight(file, 'a'))).toEqual([1, 2]);
    expect(file.problems[0]).toMatchObject({ kind: 'missing-external-data' });
    await file.close();
  });
});

describe('Keras', () => {
  it('weights and models open from disk', async () => {
    copyFileSync(fixture('layout.h5'), join(folder, 'weights.h5'));
    const members = { 'metadata.json': new TextEncoder().encode('{"keras_version": "3.9.0"}') };
    const weights = new Uint8Array(readFileSync(fixture('layout.h5')));
    writeFileSync(join(folder, 'stored.keras'), zipSync({ ...members, 'model.weights.h5': [weights, { level: 0 }] }));
    writeFileSync(join(folder, 'packed.keras'), zipSync({ ...members, 'model.weights.h5': [weights, { level: 9 }] }));
    for (const [name, formatName] of [
      ['weights.h5', 'HDF5'],
      ['stored.keras', 'Keras 3.9.0'],
      ['packed.keras', 'Keras 3.9.0'],
    ] as const) {
      const file = await open(name);
      expect(file).toMatchObject({ format: 'hdf5', formatName, files: [name] });
      expect(await numbersOf(weight(file, 'resizable'))).toEqual(Array.from({ length: 50 }, (_, i) => i * 3 - 7));
      await file.close();
    }
  });

  it('a process may end with one open', async () => {
    const outfile = join(folder, 'opens.mjs');
    await build({
      stdin: {
        contents: `
          import { openFileSource } from './src/node/file-source.js';
          import { openHdf5 } from './src/node/hdf5/open.js';
          import { hdf5Thread } from './src/node/hdf5/question-thread.js';
          const source = await openFileSource(${JSON.stringify(fixture('layout.h5'))});
          const file = await openHdf5(source, hdf5Thread(new URL(${JSON.stringify(script.href)})));
          console.log(file.tensors.length);`,
        resolveDir: fileURLToPath(new URL('../../..', import.meta.url)),
      },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    expect(execFileSync(process.execPath, [outfile], { encoding: 'utf8', timeout: 20_000 })).toBe('5\n');
  });
});

describe('a dictionary', () => {
  it('is recognised when it is opened, with the files beside it', async () => {
    const [d, features] = [3, 8];
    const tensor = (...shape: number[]) => ({
      dtype: 'F32' as const,
      shape,
      data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
    });
    writeFileSync(
      join(folder, 'sae_weights.safetensors'),
      encodeSafetensors(
        { W_enc: tensor(d, features), W_dec: tensor(features, d), b_enc: tensor(features), b_dec: tensor(d) },
        {},
      ),
    );
    writeFileSync(join(folder, 'cfg.json'), JSON.stringify({ architecture: 'jumprelu', d_sae: features }));
    const file = await openModelFile(join(folder, 'sae_weights.safetensors'));
    const facts = overview(file.fileName, file.weights, undefined, [], file.dictionary);
    expect(facts.dictionary).toMatchObject({ kind: 'SAE', family: 'SAELens', features, inputWidth: d, outputWidth: d });
    expect(facts.dictionary?.evidence).toContain('“cfg.json” beside it says architecture: jumprelu.');
    await file.close();
  });
});
