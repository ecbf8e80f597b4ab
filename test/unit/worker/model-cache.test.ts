/** Files of a cache as Hugging Face’s hub lays it out: links of a snapshot to blobs, and links that lead elsewhere. */
import { create } from '@bufbuild/protobuf';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { coderModel } from '../../../src/core/dictionary/graphs/coder-model.js';
import { asProblem } from '../../../src/core/errors.js';
import { encodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import {
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { dataFiles } from '../../../src/node/data-files.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { openAttachment } from '../../../src/worker/attached-dictionary.js';
import { createInputs } from '../../../src/worker/inputs.js';
import { openDictionary } from '../../../src/worker/open-dictionary.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { openTranscoders } from '../../../src/worker/transcoder-set.js';
import { ENGINES, modelOf } from '../engine/engines.js';

const SAMPLE = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));

let cache = '';
let [repository, snapshot] = ['', ''];
beforeEach(() => {
  cache = realpathSync(mkdtempSync(join(tmpdir(), 'hub-')));
  repository = join(cache, 'models--ada--tiny');
  snapshot = join(repository, 'snapshots/0123abcd');
  mkdirSync(join(repository, 'blobs'), { recursive: true });
  mkdirSync(snapshot, { recursive: true });
});
afterEach(() => {
  rmSync(cache, { recursive: true });
});

let blobs = 0;
/** A file of the snapshot: a link to a blob that is called by a number. @returns where it is in the snapshot. */
function cached(name: string, content: string | Uint8Array | { readonly from: string }): string {
  const blob = join(repository, 'blobs', `f00d${blobs++}`);
  if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(blob, content);
  else copyFileSync(content.from, blob);
  const path = join(snapshot, name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(relative(dirname(path), blob), path);
  return path;
}

const withWeightsIn = (location: string): Uint8Array =>
  encodeOnnx(
    modelOf({
      node: [makeNode('Add', ['x', 'w'], ['y'])],
      input: [makeValueInfo('x', DataType.FLOAT, [3])],
      output: [makeValueInfo('y', DataType.FLOAT, [3])],
      initializer: [
        create(TensorProtoSchema, {
          name: 'w',
          dataType: DataType.FLOAT,
          dims: [3n],
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: [
            { key: 'location', value: location },
            { key: 'offset', value: '4' },
            { key: 'length', value: '12' },
          ],
        }),
      ],
    }),
  );
const WEIGHTS = new Uint8Array(Float32Array.of(9, 1, 2, 3).buffer);
const kindOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'opened',
    (error: unknown) => asProblem(error).kind,
  );

describe.each(ENGINES)('a model of a cache, $name', ({ load }) => {
  it.each(['', 'onnx/'])('runs with its weights beside the link, in folder “%s”', async (folder) => {
    const path = cached(`${folder}model.onnx`, withWeightsIn('model.onnx_data'));
    cached(`${folder}model.onnx_data`, WEIGHTS);
    const file = await openModelFile(path);
    expect(file).toMatchObject({ fileName: 'model.onnx', folder: dirname(path) });
    expect(file.network?.problems).toEqual([]);
    const { network } = file;
    if (network === undefined) throw new Error('It has no graph.');
    const session = await (await load()).open(network.toRunnable(network.onnx.proto), { threads: 1 });
    const x = { type: 'float32', dims: [3], data: new Float32Array(3) } as const;
    expect((await session.run({ x }))['y']?.data).toEqual(Float32Array.of(1, 2, 3));
    await session.release();
    await file.close();
  });

  it('does not read weights behind a link to anywhere else', async () => {
    writeFileSync(join(cache, 'secret'), WEIGHTS);
    const path = cached('model.onnx', withWeightsIn('model.onnx_data'));
    symlinkSync('../../../secret', join(snapshot, 'model.onnx_data'));
    const file = await openModelFile(path);
    expect(file.network?.problems.map(({ kind }) => kind)).toContain('external-data-outside-folder');
    const { network } = file;
    if (network === undefined) throw new Error('It has no graph.');
    const opened = (await load()).open(network.toRunnable(network.onnx.proto), { threads: 1 });
    expect(await kindOf(opened)).toBe('external-data-outside-folder');
    await file.close();
  });

  it('a dictionary is opened with its configuration, run, and told of by its folder', async () => {
    const folder = join(SAMPLE, 'dictionaries', readdirSync(join(SAMPLE, 'dictionaries'))[0] ?? '');
    for (const name of readdirSync(folder)) cached(`layer_2/average_l0_17/${name}`, { from: join(folder, name) });
    const path = join(snapshot, 'layer_2/average_l0_17/sae_weights.safetensors');
    const { coder, file, close } = await openDictionary(path, {});
    await (await file.siblings.open('cfg.json')).close?.();
    const engine = await load();
    const session = await engine.open(await coderModel(coder, file.weights, file.folder), { threads: 1 });
    await session.release();
    await close();
    const { attachment, close: closeAttachment } = await openAttachment({ path, answers: {} });
    expect(attachment).toMatchObject({ state: 'attached', attached: { declared: { l0: { value: 17 } } } });
    await closeAttachment();
  });
});

it('the tokenizer, the recipe and the texts beside the link of a model are found', async () => {
  for (const name of ['grammar-gpt.onnx', 'grammar-gpt.inspect.json', 'tokenizer.json', 'corpus.npy', 'corpus.txt'])
    cached(name, { from: join(SAMPLE, name) });
  const path = join(snapshot, 'grammar-gpt.onnx');
  const file = await openModelFile(path);
  if (file.network === undefined) throw new Error('It has no graph.');
  const inputs = await createInputs(path, file.network.graph, { limit: 3, anywhere: false });
  const preview = await inputs.dataset().preview(0);
  expect(preview.kind).toBe('tokens');
  await file.close();
});

it('a folder of transcoders is looked through, links to blobs among its files', async () => {
  const layers = [0, 1].map((layer) => `blocks.${layer}.mlp.transcoder`);
  for (const layer of layers)
    for (const name of ['cfg.json', 'sae_weights.safetensors'])
      cached(`${layer}/${name}`, { from: join(SAMPLE, 'dictionaries', layer, name) });
  const model = await openModelFile(join(SAMPLE, 'grammar-gpt.onnx'));
  if (model.network === undefined) throw new Error('It has no graph.');
  const { description, close } = await openTranscoders({ paths: [snapshot], answers: {} }, model.network.graph);
  expect(description.left).toEqual([]);
  expect(description.layers.filter(({ transcoder }) => transcoder !== undefined).map(({ layer }) => layer)).toEqual([
    0, 1,
  ]);
  await close();
  await model.close();
});

describe('what a link of a snapshot may not lead to', () => {
  const secret = (): string => {
    const path = join(cache, 'secret');
    writeFileSync(path, 'x');
    return path;
  };
  /** By name, from the folder of the snapshot; what is asked for is called “file”. */
  const CASES: Readonly<Record<string, () => void>> = {
    'a file of the system': () => symlinkSync('/etc/passwd', join(snapshot, 'file')),
    'the blobs of another repository': () => {
      mkdirSync(join(cache, 'models--eve--other/blobs'), { recursive: true });
      writeFileSync(join(cache, 'models--eve--other/blobs/f00d'), 'x');
      symlinkSync('../../../models--eve--other/blobs/f00d', join(snapshot, 'file'));
    },
    'another snapshot': () => {
      mkdirSync(join(repository, 'snapshots/other'));
      writeFileSync(join(repository, 'snapshots/other/file'), 'x');
      symlinkSync('../other/file', join(snapshot, 'file'));
    },
    'the references of its repository': () => {
      mkdirSync(join(repository, 'refs'));
      writeFileSync(join(repository, 'refs/main'), 'x');
      symlinkSync('../../refs/main', join(snapshot, 'file'));
    },
    'a blob that is a link itself': () => {
      symlinkSync(secret(), join(repository, 'blobs/f00d'));
      symlinkSync('../../blobs/f00d', join(snapshot, 'file'));
    },
    'a folder of blobs': () => {
      mkdirSync(join(repository, 'blobs/folder'));
      writeFileSync(join(repository, 'blobs/folder/f00d'), 'x');
      symlinkSync('../../blobs/folder/f00d', join(snapshot, 'file'));
    },
    'blobs that lie elsewhere': () => {
      secret();
      rmSync(join(repository, 'blobs'), { recursive: true });
      symlinkSync(cache, join(repository, 'blobs'));
      symlinkSync('../../blobs/secret', join(snapshot, 'file'));
    },
  };
  it.each(Object.keys(CASES))('%s', async (name) => {
    CASES[name]?.();
    expect(await kindOf(siblingFiles(snapshot).open('file'))).toBe('external-data-outside-folder');
    expect(await kindOf(dataFiles({ folder: snapshot, root: snapshot }).open('file'))).toBe('invalid-inputs');
  });

  it('blobs are reached by links of the snapshot alone, and of no folder that is only called like one', async () => {
    cached('file', 'x');
    const blob = `../../blobs/f00d${blobs - 1}`;
    expect(await kindOf(siblingFiles(snapshot).open('file'))).toBe('opened');
    expect(await kindOf(dataFiles({ folder: snapshot, root: snapshot }).open('file'))).toBe('opened');
    expect(await kindOf(siblingFiles(snapshot).open(blob))).toBe('external-data-outside-folder');
    expect(await kindOf(dataFiles({ folder: snapshot, root: snapshot }).open(blob))).toBe('invalid-inputs');
    const beside = join(repository, 'other');
    mkdirSync(beside);
    symlinkSync(`../blobs/f00d${blobs - 1}`, join(beside, 'file'));
    expect(await kindOf(siblingFiles(beside).open('file'))).toBe('external-data-outside-folder');
  });
});
