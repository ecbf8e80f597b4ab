import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { detectFormat, type Detected } from '../../../src/core/formats/detect.js';
import { encodeSafetensors } from '../../../src/core/formats/safetensors/safetensors.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { neededData } from '../shared-data.js';
import { NUMPY_FILES } from './numpy-files.js';
import { bytesOf, concat, field, graphOf, modelOf, rawTensor, varintField } from './onnx-builder.js';
import { bytes, pickle } from './pickle-builder.js';
import { counting, rejection } from './weight-values.js';

const detect = (content: Uint8Array, name = 'file'): Promise<Detected> => detectFormat(memorySource(name, content));
const fixture = (name: string): Uint8Array => readFileSync(new URL(`../../fixtures/pytorch/${name}`, import.meta.url));
const numpy = (name: keyof typeof NUMPY_FILES): Uint8Array => Buffer.from(NUMPY_FILES[name], 'base64');
const onnx = bytesOf(modelOf(graphOf([], [rawTensor('w', 2000)], ['w'])));
const safetensors = encodeSafetensors({ w: { dtype: 'U8', shape: [1], data: Uint8Array.of(1) } }, {});
const hdf5 = bytes([0x89], 'HDF\r\n', [0x1a], '\n', new Uint8Array(100));
const index = JSON.stringify({ metadata: { total_size: 1 }, weight_map: { w: 'a.safetensors' } });

describe('what a file holds', () => {
  it.each<[string, Uint8Array, Detected]>([
    ['ONNX', onnx, 'onnx'],
    ['ONNX that is cut off', onnx.slice(0, 5000), 'onnx'],
    ['ONNX with fields that nobody knows', concat(varintField(200, 1), onnx), 'onnx'],
    ['ONNX with functions only', concat(varintField(1, 8), field(25, field(1, bytes('f')))), 'onnx'],
    ['ONNX as text', bytes('# a comment\nir_version: 8\nproducer_name: "x"\ngraph {\n}\n'), 'onnx-text'],
    [
      'ONNX in its own syntax',
      bytes('<\n  ir_version: 8,\n  opset_import: ["" : 17]\n>\ng (float[N] x) => ()'),
      'onnx-text',
    ],
    ['safetensors', safetensors, 'safetensors'],
    ['safetensors that is cut off', safetensors.slice(0, 12), 'safetensors'],
    ['an index of safetensors', bytes(index), 'safetensors-index'],
    ['GGUF', bytes('GGUF', [3, 0, 0, 0], new Uint8Array(40)), 'gguf'],
    ['a NumPy array', numpy('half'), 'numpy'],
    ['a NumPy archive', numpy('npz stored'), 'numpy'],
    ['a NumPy archive that is packed', numpy('npz deflated'), 'numpy'],
    ['HDF5', hdf5, 'hdf5'],
    ['HDF5 behind 512 bytes of something else', bytes(new Uint8Array(512).fill(32), hdf5), 'hdf5'],
    ['HDF5 behind 8,192 bytes of something else', bytes(new Uint8Array(8192), hdf5), 'hdf5'],
    ['Keras', zipSync({ 'config.json': bytes('{}'), 'model.weights.h5': hdf5 }), 'keras'],
    ['PyTorch', fixture('types.pt'), 'pytorch'],
    ['TorchScript', fixture('traced.pt'), 'pytorch'],
    ['PyTorch before 1.6', fixture('types-legacy.pth'), 'pytorch'],
    ['a pickle', fixture('arrays-protocol-4.pkl'), 'pytorch'],
    ['a pickle that is packed with gzip', gzipSync(fixture('arrays-protocol-4.pkl')), 'pytorch'],
  ])('tells its format, whatever its name: %s', async (_, content, format) => {
    expect(await detect(content)).toBe(format);
    for (const name of ['m.onnx', 'm.safetensors', 'm.pt', 'm.npz', 'm.h5', 'm.txt'])
      expect(await detect(content, name)).toBe(format);
  });

  it('is told by the name where that is all there is', async () => {
    expect(await detect(bytes('x'), 'm.safetensors')).toBe('safetensors');
    expect(await detect(fixture('arrays-protocol-0.pkl'), 'm.pkl')).toBe('pytorch');
    expect(await detect(bytes('{\n "a": "b"\n}'), 'model.safetensors.index.json')).toBe('safetensors-index');
    expect(await detect(bytes('layer { name: "x" }'), 'm.prototxt')).toBe('onnx-text');
  });

  it.each<[string, Uint8Array, string, string]>([
    [
      'a Git LFS pointer',
      bytes('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      '',
      'git lfs pull',
    ],
    ['a web page', bytes('<!DOCTYPE html><html>ir_version: 8</html>'), '', 'Download'],
    ['an OpenVINO network', bytes('<?xml version="1.0"?>\n<net name="x">'), '', 'converted'],
    ['JSON', bytes('{"model": 1}'), '', '.onnx'],
    ['gzip', gzipSync(onnx), '', 'Unpack'],
    ['a tar archive', bytes(new Uint8Array(257), 'ustar', new Uint8Array(300)), '', 'torch.load'],
    ['TensorFlow Lite', bytes([28, 0, 0, 0], 'TFL3', new Uint8Array(100)), '', 'tf2onnx'],
    ['a model of ONNX Runtime', bytes([28, 0, 0, 0], 'ORTM', new Uint8Array(100)), '', '.onnx'],
    ['GGML', bytes('tjgg', new Uint8Array(100)), '', 'GGUF'],
    ['a picture', bytes([0x89], 'PNG\r\n', new Uint8Array(100)), '', 'Choose'],
    [
      'a TensorFlow graph',
      concat(field(1, field(1, bytes('node')), field(2, bytes('Const')))),
      'saved_model.pb',
      'tf2onnx',
    ],
    [
      'a Core ML model',
      concat(varintField(1, 4), field(2, bytes('x')), field(500, bytes('y'))),
      'm.mlmodel',
      'converted',
    ],
    ['an archive of pictures', zipSync({ 'a.png': new Uint8Array(3) }), '', 'Unpack'],
    ['an archive of models', zipSync({ 'a/b.safetensors': new Uint8Array(3) }), '', 'Unpack'],
    ['text', bytes('Hello.\n'), '', 'Choose'],
    ['zeros', new Uint8Array(10_000), '', 'Choose'],
    ['a pickle of an old protocol under a name of another kind', fixture('arrays-protocol-0.pkl'), 'x.csv', 'Choose'],
  ])('is named where it is no model: %s', async (_, content, name, advice) => {
    for (const given of name === '' ? ['m.onnx', 'm.pt', 'm'] : [name]) {
      const { kind, message, remedy } = await rejection(detect(content, given));
      expect([kind, message.includes(given)]).toEqual(['not-a-model', true]);
      expect(remedy).toContain(advice);
    }
  });

  it('is told before what the name says: a pointer called .safetensors is a pointer', async () => {
    const pointer = bytes('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
    expect((await rejection(detect(pointer, 'm.safetensors'))).remedy).toContain('git lfs pull');
  });

  it('is nothing in an empty file', async () => {
    expect((await rejection(detect(new Uint8Array(0)))).kind).toBe('empty-file');
  });

  it('is told without reading the file: 100 MB take some thousand bytes', async () => {
    for (const content of [new Uint8Array(1e8), pickle(new Uint8Array(1e8)), concat(onnx)]) {
      const source = counting(memorySource('m.bin', content));
      await rejection(detectFormat(source));
      expect(source.bytesRead()).toBeLessThan(20_000);
    }
  });

  it('is told of every real model, and no model is seen in anything else', async ({ skip }) => {
    const root = neededData('toy-interp', skip).replace(/toy-interp$/, '');
    const expected: Record<string, Detected | undefined> = {
      onnx: 'onnx',
      safetensors: 'safetensors',
      pt: 'pytorch',
      pth: 'pytorch',
      th: 'pytorch',
      hdf5: 'hdf5',
      npz: 'numpy',
    };
    const counts: Record<string, number> = {};
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      // The conformance cases are too many, and all alike.
      if (!entry.isFile() || entry.parentPath.includes('onnx-conformance')) continue;
      const [extension = ''] = /[^.]*$/.exec(entry.name) ?? [];
      const path = join(entry.parentPath, entry.name);
      const source = await openFileSource(path);
      const found = await detectFormat(source).catch(() => undefined);
      await source.close();
      expect(found, path).toBe(expected[extension]);
      counts[extension] = (counts[extension] ?? 0) + 1;
    }
    expect(counts['onnx']).toBeGreaterThan(50);
    expect(counts['hdf5']).toBe(3);
  });
});
