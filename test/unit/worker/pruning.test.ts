/** From a file to a smaller one: what is written, what is refused, and what stays when it fails. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { tensorFromProto } from '../../../src/core/formats/onnx/tensor-proto.js';
import { ProblemError } from '../../../src/core/errors.js';
import { PROVEN_SOURCES } from '../../../src/core/pruning/unit-sources.js';
import { bytesOf } from '../formats/onnx-builder.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { ACAS_XU_BOX } from '../passes/acasxu.js';
import { float, numbers, runModel } from '../rewrite/linear-system.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { neededData } from '../shared-data.js';
import { dimsOf, folder, open, place, planted, root } from './pruning-models.js';

describe('ranges that were stated', () => {
  it('stay when other inputs are chosen', async () => {
    const own = place('stated');
    writeFileSync(join(own, 'x.npy'), encodeNpy({ type: 'float32', dims: [2, 30], data: new Float32Array(60) }));
    const box = { inputs: { x: { lower: -1, upper: 1 } }, splits: 2 };
    const inspection = await open(join(own, 'model.onnx'), 'native');
    await inspection.setInputs({ recipe: { version: 1, inputs: {}, box } });
    expect(await inspection.recipeFor({ path: join(own, 'x.npy') })).toMatchObject({ box });
    await inspection.close({});
  });
});

describe('a smaller model', () => {
  it.each(['native', 'wasm'] as const)(
    'is written without dead, constant and useless units, and gives the same (%s)',
    async (engine) => {
      const own = place(`plain ${engine}`);
      const inspection = await open(join(own, 'model.onnx'), engine);
      const preview = await inspection.pruningPreview({ sources: PROVEN_SOURCES });
      expect(preview).toMatchObject({ units: 5, onDataOnly: 0, kept: [] });
      expect(preview.layers).toEqual([
        {
          label: expect.any(String),
          item: expect.any(String),
          units: 40,
          removed: 5,
          bySource: { weights: 4, useless: 1 },
        },
      ]);
      // Each unit: 30 weights and a bias come in, 30 weights go out.
      const { before, after } = preview.savings;
      expect(before.parameters - after.parameters).toBe(5 * 61);
      // Two operations for each weight, one for the bias and one for the rectifier.
      expect(before.operations - after.operations).toBe(5 * (2 * 60 + 2));
      expect(before.activationBytes - after.activationBytes).toBe(5 * 2 * 4);
      const path = join(own, 'model.pruned.onnx');
      const written = await inspection.writePruned({ sources: PROVEN_SOURCES, path, replace: false });
      expect(written.proof.random).toMatchObject({ inputs: 16, equal: true, different: [] });
      expect(written.proof.data).toMatchObject({ inputs: 24, equal: true });
      expect(dimsOf(path)).toEqual({ w1: [30, 35], b1: [35], w2: [35, 30], b2: [30] });
      expect(statSync(path).size).toBe(written.bytes);
      expect(readdirSync(own).sort()).toEqual(['model.onnx', 'model.pruned.onnx']);
      await inspection.close({});
    },
  );

  it('has its weights in a file of its own where the original has', async () => {
    const model = planted();
    const own = place('external');
    const data: Buffer[] = [];
    let offset = 0;
    for (const tensor of model.graph?.initializer ?? []) {
      if (tensor.name !== 'w1') continue;
      const bytes = Buffer.from(Float32Array.from(tensor.floatData).buffer);
      tensor.dataLocation = DataLocation.EXTERNAL;
      tensor.externalData = Object.entries({
        location: 'model.onnx.data',
        offset: String(offset),
        length: String(bytes.length),
      }).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
      tensor.floatData = [];
      data.push(bytes);
      offset += bytes.length;
    }
    writeFileSync(join(own, 'model.onnx'), bytesOf(model));
    writeFileSync(join(own, 'model.onnx.data'), Buffer.concat(data));
    const inspection = await open(join(own, 'model.onnx'));
    const path = join(own, 'small.onnx');
    const written = await inspection.writePruned({ sources: PROVEN_SOURCES, path, replace: false });
    // 30 × 35 numbers, and 35 × 30 from the third page on.
    expect(written).toMatchObject({ externalName: 'small.onnx.data', externalBytes: 2 * 4096 + 4 * 35 * 30 });
    expect(written.proof.random.equal).toBe(true);
    expect(readdirSync(own).sort()).toEqual(['model.onnx', 'model.onnx.data', 'small.onnx', 'small.onnx.data']);
    // What is written opens and can be made smaller no more.
    const again = await open(path);
    expect((await again.pruningPreview({ sources: PROVEN_SOURCES })).units).toBe(0);
    await again.close({});
    await inspection.close({});
  });

  it('never takes the place of the original, its weights, or a file that nobody named', async () => {
    const own = place('refusals');
    const inspection = await open(join(own, 'model.onnx'));
    const original = readFileSync(join(own, 'model.onnx'));
    const refusal = async (path: string, replace = true): Promise<string> => {
      const error = await inspection
        .writePruned({ sources: PROVEN_SOURCES, path, replace })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ProblemError);
      return (error as ProblemError).problem.message;
    };
    expect(await refusal(join(own, 'model.onnx'))).toContain('would replace the model itself');
    expect(await refusal(join(own, '..', 'refusals', 'model.onnx'))).toContain('would replace the model itself');
    writeFileSync(join(own, 'there.onnx'), 'mine');
    expect(await refusal(join(own, 'there.onnx'), false)).toContain('exists already');
    expect(await refusal(join(own, 'no-such-folder', 'a.onnx'))).toContain('There is no folder');
    expect(readFileSync(join(own, 'model.onnx')).equals(original)).toBe(true);
    expect(readFileSync(join(own, 'there.onnx'), 'utf8')).toBe('mine');
    await inspection.close({});
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const own = place('cancelled');
    const inspection = await open(join(own, 'model.onnx'));
    const controller = new AbortController();
    const writing = inspection.writePruned(
      { sources: PROVEN_SOURCES, path: join(own, 'small.onnx'), replace: false },
      controller.signal,
      (share) => share > 0.5 && controller.abort(),
    );
    await expect(writing).rejects.toThrow('Cancelled');
    expect(readdirSync(own)).toEqual(['model.onnx']);
    await inspection.close({});
  });

  it('is not written when there is nothing to remove', async () => {
    const own = place(
      'nothing',
      modelProto({
        nodes: [node('Gemm', ['x', 'w'], ['h']), node('Relu', ['h'], ['y'])],
        inputs: [valueInfo('x', ['batch', 2])],
        outputs: [valueInfo('y', ['batch', 2])],
        initializers: [weight('w', [2, 2], [1, 2, 3, 4])],
      }),
    );
    const inspection = await open(join(own, 'model.onnx'));
    const path = join(own, 'small.onnx');
    await expect(inspection.writePruned({ sources: PROVEN_SOURCES, path, replace: false })).rejects.toMatchObject({
      problem: {
        message: expect.stringMatching(
          /^Nothing can be removed\. Dead or constant by their weights: 0 units \(.*\)\. Dead by certificates: 0 units \(.*\)\. Useless: 0 units/,
        ),
        remedy:
          'State what inputs can be: more is certified in a smaller box, or look for units that are 0 on the data, which proves nothing of other inputs.',
      },
    });
    expect(existsSync(path)).toBe(false);
    await inspection.close({});
  });

  it('of an ACAS Xu network has one neuron less, by certificate', async ({ skip }) => {
    const source = neededData('acasxu/ACASXU_1_1.onnx', skip);
    const own = join(folder, 'acas');
    mkdirSync(own);
    copyFileSync(source, join(own, 'net.onnx'));
    const { lower, upper } = ACAS_XU_BOX.ranges['input'] ?? {};
    writeFileSync(
      join(own, 'net.inspect.json'),
      JSON.stringify({
        version: 1,
        inputs: { input: { source: 'synthetic', distribution: 'uniform', low: -0.3, high: 0.3, seed: 1 } },
        box: { inputs: { input: { lower, upper } } },
      }),
    );
    const inspection = await open(join(own, 'net.onnx'));
    const path = join(own, 'net.pruned.onnx');
    const { preview, proof } = await inspection.writePruned({ sources: PROVEN_SOURCES, path, replace: false });
    expect(preview).toMatchObject({ units: 1, onDataOnly: 0 });
    // 5 weights and a bias come in, 50 weights go out.
    expect(preview.savings.before.parameters - preview.savings.after.parameters).toBe(56);
    expect(preview.sentence).toContain('Removing 1 unit would save 56 of 13,310 parameters (0.4 %), 224 bytes of');
    expect(preview.proven).toContain('proven dead inside this box of inputs only: “input” from -0.5 to 0.68');
    expect([proof.random.equal, proof.data?.equal]).toEqual([true, true]);
    expect(proof.random.largest).toBeLessThan(1e-6);
    await inspection.close({});
  });

  it('of a classifier loses what is silent on the data, and says that this is no proof', async ({ skip }) => {
    const source = neededData('derived/resnet20-12fca82f.onnx', skip);
    const own = join(folder, 'resnet');
    mkdirSync(own);
    copyFileSync(source, join(own, 'net.onnx'));
    const inspection = await open(join(own, 'net.onnx'));
    const path = join(own, 'net.pruned.onnx');
    const { preview, proof } = await inspection.writePruned({
      sources: [...PROVEN_SOURCES, 'data'],
      path,
      replace: false,
    });
    expect(preview.onDataOnly).toBeGreaterThan(0);
    expect(preview.proven).toMatch(/^All are 0 on every input that was run, which proves nothing/);
    // What meets the shortcut of a residual block is alive there.
    expect(preview.kept.length).toBeGreaterThan(0);
    expect(proof.data?.equal).toBe(true);
    expect(statSync(path).size).toBeLessThan(statSync(source).size);
    await inspection.close({});
  });
});

describe('what numpy makes of a planted network (test/fixtures/pruning/make_fixtures.py)', () => {
  it('is what is written: the weights that are left, and what they compute', async () => {
    const fixtures = join(root, 'test/fixtures/pruning');
    const recorded = JSON.parse(readFileSync(join(fixtures, 'pruned.json'), 'utf8')) as {
      readonly x: readonly number[];
      readonly y: readonly number[];
      readonly left: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: readonly number[] }>>;
    };
    const own = join(folder, 'numpy');
    mkdirSync(own);
    copyFileSync(join(fixtures, 'planted.onnx'), join(own, 'planted.onnx'));
    const inspection = await open(join(own, 'planted.onnx'));
    const path = join(own, 'planted.pruned.onnx');
    const { preview } = await inspection.writePruned({ sources: PROVEN_SOURCES, path, replace: false });
    await inspection.close({});
    // Channel 1, the constant neuron 4 and the useless neuron 2.
    expect(preview).toMatchObject({ units: 3, onDataOnly: 0, kept: [] });
    const model = decodeOnnx(readFileSync(path));
    const tensors = model.graph?.initializer ?? [];
    expect(tensors.map(({ name }) => name).sort()).toEqual(Object.keys(recorded.left).sort());
    for (const tensor of tensors) {
      const { dims, data } = tensorFromProto(tensor);
      const want = recorded.left[tensor.name];
      expect(dims, tensor.name).toEqual(want?.dims);
      Array.from(data as Float32Array).forEach((value, at) => expect(value).toBeCloseTo(want?.data[at] ?? NaN, 6));
    }
    const outputs = await runModel(await loadNativeEngine(), model, { x: float([4, 2, 5, 5], recorded.x) });
    numbers(outputs['y']).forEach((value, at) => expect(value).toBeCloseTo(recorded.y[at] ?? NaN, 5));
  });
});
