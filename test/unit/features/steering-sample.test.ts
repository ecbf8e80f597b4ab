/** Steering of the sample language model against the model as its file has it, and against a splice made by hand. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import type { Batch } from '../../../src/core/dataset/dataset.js';
import { readRows } from '../../../src/core/dictionary/feature-matrix.js';
import { coderModel } from '../../../src/core/dictionary/graphs/coder-model.js';
import type { ExperimentSubject } from '../../../src/core/experiment/subject.js';
import { openSteering } from '../../../src/core/features/steering/steer.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import { prune } from '../../../src/core/rewrite/prune.js';
import { freeValues } from '../../../src/core/rewrite/splice.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { openDictionary } from '../dictionary/open-dictionary.js';
import { ENGINES } from '../engine/engines.js';

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const VALUE = '/blocks.1/Add_1_output_0';
const [WIDTH, TOKENS, VOCABULARY] = [96, 20, 512];

describe.each(ENGINES)('the sample language model, $name', ({ load }) => {
  it('is left as it is bit by bit where nothing is changed, and ablation is the splice without the feature', async () => {
    const engine = await load();
    const source = memorySource('grammar-gpt.onnx', readFileSync(join(folder, 'grammar-gpt.onnx')));
    const { proto } = await openOnnx(source, siblingFiles(folder));
    const path = join(folder, 'dictionaries', 'blocks.1.hook_resid_post', 'sae_weights.safetensors');
    const { coder, weights, close } = await openDictionary(path);
    const subject = {
      engine,
      threads: 1,
      toRunnable: (model: typeof proto) => toRunnable(model, folder),
      dataset: { maximumBatch: Infinity },
    } as unknown as ExperimentSubject;
    const ids = BigInt64Array.from({ length: TOKENS }, (_, at) => BigInt((at * 37 + 256) % VOCABULARY));
    const feeds: NamedTensors = { input_ids: { type: 'int64', dims: [1, TOKENS], data: ids } };
    const run = async (model: typeof proto, outputs: string[], given: NamedTensors): Promise<Float32Array[]> => {
      const session = await engine.open(toRunnable(prune(model, outputs), folder), { threads: 1 });
      const found = await session.run(given);
      await session.release();
      return outputs.map((name) => found[name]?.data as Float32Array);
    };
    const [plain] = (await run(proto, ['logits'], feeds)) as [Float32Array];
    const [x] = (await run(proto, [VALUE], feeds)) as [Float32Array];

    const attached = { coder, file: weights, folder: dirname(path), model: proto, reads: VALUE, writes: VALUE };
    const steering = await openSteering(subject, attached, 'logits');
    const batch: Batch = { feeds, indices: [0] };
    const nothing = await steering.steered(batch, [{ feature: 5, less: 0, put: 0 }], 'all');
    for (let at = 0; at < TOKENS; at++) {
      expect(nothing.scores.row(at)).toEqual(plain.subarray(at * VOCABULARY, (at + 1) * VOCABULARY));
    }

    const dictionary = await engine.open(await coderModel(coder, weights, dirname(path)), { threads: 1 });
    const coded = await dictionary.run({ x: { type: 'float32', dims: [TOKENS, WIDTH], data: x } });
    const [f, written] = [coded['features']?.data as Float32Array, coded['reconstruction']?.data as Float32Array];
    const feature = f.subarray(0, coder.features).findIndex((value) => value > 0);
    const decoder = await readRows(coder.decoder, 0, coder.features);
    const bias = new Float64Array(WIDTH);
    for (let axis = 0; axis < WIDTH; axis++) {
      bias[axis] = written[axis] as number;
      for (let each = 0; each < coder.features; each++)
        bias[axis] = (bias[axis] as number) - (f[each] as number) * (decoder[each * WIDTH + axis] as number);
    }
    // The reconstruction of all features but one, from the start, and the error of the whole one.
    const spliced = x.map((value, at) => {
      const [row, axis] = [Math.floor(at / WIDTH), at % WIDTH];
      let sum = bias[axis] as number;
      for (let each = 0; each < coder.features; each++)
        if (each !== feature)
          sum += (f[row * coder.features + each] as number) * (decoder[each * WIDTH + axis] as number);
      return sum + value - (written[at] as number);
    });
    const dims = [1, TOKENS, WIDTH];
    const cut = freeValues(proto, [{ value: VALUE, type: DataType.FLOAT, dims }]);
    const [want] = (await run(cut, ['logits'], { ...feeds, [VALUE]: { type: 'float32', dims, data: spliced } })) as [
      Float32Array,
    ];
    const ablated = await steering.steered(batch, [{ feature, less: -1, put: 0 }], 'all');
    let moved = 0;
    for (let at = 0; at < TOKENS; at++) {
      ablated.scores.row(at).forEach((score, token) => {
        const place = at * VOCABULARY + token;
        expect(Math.abs(score - (want[place] as number))).toBeLessThan(2e-3);
        moved = Math.max(moved, Math.abs(score - (plain[place] as number)));
      });
    }
    expect(moved).toBeGreaterThan(0.1);
    await dictionary.release();
    await steering.release();
    await close();
  }, 60_000);
});
