/** Inside which box units are proven dead, what runs inside and outside it change, and what is left when they differ. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProblemError, type Problem } from '../../../src/core/errors.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { PROVEN_SOURCES } from '../../../src/core/pruning/unit-sources.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { BOXED_ROWS, folder, open, place, placeBoxed } from './pruning-models.js';

const BOX = '“x” from -1 to 1, as the recipe states it';

async function refusal(inspection: WorkerApi, path: string): Promise<Problem> {
  const error = await inspection
    .writePruned({ sources: PROVEN_SOURCES, path, replace: false })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProblemError);
  return (error as ProblemError).problem;
}

describe('units that are proven dead inside a box', () => {
  it('are offered with the box, and inputs outside it are counted', async () => {
    const own = placeBoxed('boxed', 10);
    const inspection = await open(join(own, 'model.onnx'));
    const preview = await inspection.pruningPreview({ sources: PROVEN_SOURCES });
    expect(preview).toMatchObject({ units: 1, onDataOnly: 0, inBoxOnly: 1, box: BOX });
    expect(preview.proven).toBe(
      `It is proven dead inside this box of inputs only: ${BOX}. Outside it nothing is proven.`,
    );
    expect(preview.check).toContain('16 random inputs drawn inside the box and on the inputs of the model');
    expect(preview.sources.find(({ source }) => source === 'bounds')).toEqual({
      source: 'bounds',
      units: 1,
      text: `0 for every input in the box: ${BOX}`,
    });
    const path = join(own, 'small.onnx');
    const { proof } = await inspection.writePruned({ sources: PROVEN_SOURCES, path, replace: false });
    // Three rows lie outside, and none of them takes x₀ above 10.
    expect(proof.random).toMatchObject({ inputs: 16, equal: true, data: '16 random inputs drawn inside the box' });
    expect(proof.random.outsideBox).toBeUndefined();
    expect(proof.data).toMatchObject({
      inputs: BOXED_ROWS.length,
      outsideBox: 3,
      largest: 0,
      equal: true,
      unequal: { inside: 0, outside: 0 },
    });
    expect(proof.sentence).toMatch(
      /^On 16 random inputs drawn inside the box .* On 6 inputs \(.*\), 3 of them outside the box, where nothing is proven, no output changed: the largest difference is 0\./,
    );
    // Whoever opens the file reads it there.
    const note = decodeOnnx(readFileSync(path)).metadataProps.find(({ key }) => key === 'pruned')?.value;
    expect(note).toBe(`1 unit removed. ${preview.proven}`);
    await inspection.close({});
  });

  it('that wake outside it change the outputs: nothing is written, and that is said with what to do', async () => {
    const own = placeBoxed('awake', 1.25);
    const inspection = await open(join(own, 'model.onnx'));
    const { message, remedy } = await refusal(inspection, join(own, 'small.onnx'));
    // y has 2 (x₀ − 1.25): 0.5 and 1.5 in the two rows, which lie outside the box.
    expect(message).toMatch(/^The smaller model does not give the same as the original, so no file was written\./);
    expect(message).toMatch(
      /On 6 inputs \(.*\), 3 of them outside the box, where nothing is proven, outputs differ on 2 of 6 inputs \(all of them outside the box\) by up to 1\.5, where rounding of float32 may make 0\.000\d+/,
    );
    expect(remedy).toContain(
      'state a box that holds them (State Input Range…), or leave out what is dead by certificates',
    );
    expect(readdirSync(own).sort()).toEqual(['model.inspect.json', 'model.onnx', 'x.npy']);
    await inspection.close({});
  });

  it('are looked for anew when another range is stated', async () => {
    const own = placeBoxed('restated', 1.25);
    const inspection = await open(join(own, 'model.onnx'));
    expect((await inspection.pruningPreview({ sources: ['bounds'] })).units).toBe(1);
    await inspection.setInputs({
      recipe: {
        version: 1,
        inputs: { x: { source: 'array', path: 'x.npy' } },
        box: { inputs: { x: { lower: -1, upper: 3 } } },
      },
    });
    const known = await inspection.pruningPreview({ sources: ['bounds'], known: true });
    expect(known.sources[0]?.text).toBe('nothing was certified for the present ranges of the inputs yet');
    const anew = await inspection.pruningPreview({ sources: ['bounds'] });
    expect([anew.units, anew.sources[0]?.text]).toEqual([
      0,
      '0 for every input in the box: “x” from -1 to 3, as the recipe states it',
    ]);
    await inspection.close({});
  });

  it('by the ranges of embeddings hold for every token', async () => {
    // ids → rows of a table between −1 and 1 → two neurons, of which the first needs more than 2.
    const own = place(
      'tokens',
      modelProto({
        nodes: [
          node('Gather', ['table', 'ids'], ['rows']),
          node('MatMul', ['rows', 'w1'], ['m']),
          node('Add', ['m', 'b1'], ['h']),
          node('Relu', ['h'], ['a']),
          node('MatMul', ['a', 'w2'], ['y']),
        ],
        inputs: [makeValueInfo('ids', DataType.INT64, ['batch', 8])],
        outputs: [valueInfo('y', ['batch', 8, 1])],
        initializers: [
          weight('table', [5, 2], [1, -1, 0.5, 0.25, -0.75, 1, 0, 0, -1, 0.125]),
          weight('w1', [2, 2], [1, 1, 1, -1]),
          weight('b1', [2], [-2.5, 0.5]),
          weight('w2', [2, 1], [3, 1]),
        ],
      }),
    );
    const inspection = await open(join(own, 'model.onnx'));
    const path = join(own, 'small.onnx');
    const { preview, proof } = await inspection.writePruned({ sources: PROVEN_SOURCES, path, replace: false });
    expect(preview.proven).toContain(
      '“rows” from -1 to 1, each number between the least and the largest of its column of “table”, whichever the token',
    );
    expect(proof.random).toMatchObject({ inputs: 16, equal: true });
    expect(proof.data).toMatchObject({ inputs: 24, outsideBox: 0, equal: true });
    expect(proof.sentence).toContain(', all of them inside the box, ');
    await inspection.close({});
  });

  it('say what is not known where there is no box', async () => {
    const own = placeBoxed('unknown', 10);
    const recipe = { version: 1, inputs: { x: { source: 'array', path: 'x.npy' } } };
    writeFileSync(join(own, 'model.inspect.json'), JSON.stringify(recipe));
    const inspection = await open(join(own, 'model.onnx'));
    const { units, sources, proven, check } = await inspection.pruningPreview({ sources: ['bounds'] });
    expect([units, proven, check]).toEqual([0, '', '']);
    expect(sources[0]?.text).toContain('it is not known what “x” can hold at most and at least');
    await inspection.close({});
  });
});

describe('a smaller model that cannot be kept', () => {
  it('for want of the right to write is refused with what to do, and leaves nothing', async () => {
    const own = place('readable');
    const locked = join(own, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    for (const way of [folder, own]) chmodSync(way, 0o755);
    const inspection = await open(join(own, 'model.onnx'));
    const { kind, message, remedy } = await withoutRoot(() => refusal(inspection, join(locked, 'small.onnx')));
    expect(kind).toBe('file-unwritable');
    expect(message).toContain('may not be written to.');
    expect(remedy).toBe('Choose a folder that you may write to.');
    expect(readdirSync(locked)).toEqual([]);
    await inspection.close({});
  });
});

/** Root may write everywhere: the work is done as a user who may not, which the system tells only at the writing. */
async function withoutRoot<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('the report', () => {
  it('says what removal would save, for which inputs, and what was written', async () => {
    const own = placeBoxed('reported', 10);
    const inspection = await open(join(own, 'model.onnx'));
    expect(JSON.parse((await inspection.report({})).json)).not.toHaveProperty('pruning');
    await inspection.run({ passes: ['certificates', 'static-dead-units'] });
    const before = await inspection.report({});
    expect(before.html).toContain('Removing 1 unit would save 4 of 12 parameters (33 %)');
    expect(before.html).toContain(`proven dead inside this box of inputs only: ${BOX}`);
    expect(before.html).not.toContain('A smaller model was written');
    await inspection.writePruned({ sources: PROVEN_SOURCES, path: join(own, 'small.onnx'), replace: false });
    const { html, json } = await inspection.report({});
    expect(html).toContain('A smaller model was written: small.onnx');
    expect(html).toContain('3 of them outside the box');
    const { pruning } = JSON.parse(json);
    // Of the neuron: two weights and a bias come in, one weight goes out.
    expect(pruning.found.savings).toMatchObject({
      before: { parameters: 12, weightBytes: 48 },
      after: { parameters: 8, weightBytes: 32 },
    });
    expect(pruning.found.savings.before.operations).toBeGreaterThan(pruning.found.savings.after.operations);
    expect(pruning.written).toMatchObject({ path: 'small.onnx', proof: { data: { outsideBox: 3, equal: true } } });
    expect(json).not.toContain(folder);
    await inspection.close({});
  });
});
