import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import {
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorShapeProto_DimensionSchema,
  ValueInfoProtoSchema,
  type ModelProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { ENGINES } from '../engine/engines.js';
import { bytesOf, constantNode, graphOf, ifNode, modelOf, rawTensor } from './onnx-builder.js';

const folder = mkdtempSync(join(tmpdir(), 'serialize-'));
afterAll(() => rmSync(folder, { recursive: true }));

const info = (name: string, elemType: DataType, dims: number[]) =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          shape: {
            dim: dims.map((dim) =>
              create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(dim) } }),
            ),
          },
        },
      },
    },
  });

/**
 * y = b ? w₁ + (b ? c₁ : d) : c₂ + w₂, with large tensors everywhere: both branches call theirs "w" and "c", one branch
 * gives its constant out as it is, and one lies two subgraphs deep.
 */
function branching(): ModelProto {
  const out = info('r', DataType.FLOAT, [1200]);
  const deepThen = {
    ...graphOf([constantNode('c', rawTensor('', 1200, 3))]),
    output: [info('c', DataType.FLOAT, [1200])],
  };
  const deepElse = {
    ...graphOf([constantNode('d', rawTensor('', 1200, 7))]),
    output: [info('d', DataType.FLOAT, [1200])],
  };
  const then = {
    ...graphOf(
      [
        ifNode('b', 'q', deepThen, deepElse),
        create(NodeProtoSchema, { opType: 'Add', input: ['w', 'q'], output: ['r'] }),
      ],
      [rawTensor('w', 1200, 1)],
    ),
    output: [out],
  };
  const other = {
    ...graphOf(
      [
        constantNode('c', rawTensor('', 1200, 5)),
        create(NodeProtoSchema, { opType: 'Add', input: ['c', 'w'], output: ['s'] }),
      ],
      [rawTensor('w', 1200, 2)],
    ),
    output: [info('s', DataType.FLOAT, [1200])],
  };
  const main = graphOf([ifNode('b', 'y', then, other)]);
  main.input.push(info('b', DataType.BOOL, []));
  main.output.push(info('y', DataType.FLOAT, [1200]));
  return modelOf(main);
}

describe('the runnable form', () => {
  it('has every reference in the main graph, under names of its own, and leaves the model as it was', async () => {
    const path = join(folder, 'branching.onnx');
    writeFileSync(path, bytesOf(branching()));
    const { proto } = await openOnnx(await openFileSource(path), siblingFiles(folder));
    const before = bytesOf(proto);
    const runnable = toRunnable(proto, folder);
    expect(Buffer.compare(bytesOf(proto), before)).toBe(0);
    expect(runnable.externalFiles).toEqual(['branching.onnx']);
    expect(runnable.folder).toBe(folder);
    expect(runnable.bytes.length).toBeLessThan(2000);
    const rewritten = decodeOnnx(runnable.bytes);
    const names = rewritten.graph?.initializer.map((tensor) => tensor.name) ?? [];
    expect(names).toHaveLength(5);
    expect(new Set(names).size).toBe(5);
    const graph = createGraph(rewritten);
    const everyGraph = [graph, ...graph.nodes.flatMap((node) => graph.subgraphs(node)).map((inner) => inner.graph)];
    expect(everyGraph.flatMap((view) => view.problems)).toEqual([]);
  });

  it.each(ENGINES)('computes what the file computes ($name)', async ({ load }) => {
    const path = join(folder, 'branching.onnx');
    const bytes = bytesOf(branching());
    writeFileSync(path, bytes);
    const { proto } = await openOnnx(await openFileSource(path), siblingFiles(folder));
    const engine = await load();
    for (const model of [toRunnable(proto, folder), { bytes, externalFiles: [], folder }]) {
      const session = await engine.open(model, { threads: 1 });
      // b: w₁ + c₁ = i + 3i; otherwise c₂ + w₂ = 5i + 2i.
      for (const [flag, factor] of [
        [1, 4],
        [0, 7],
      ] as const) {
        const { y } = await session.run({ b: { type: 'bool', dims: [], data: Uint8Array.of(flag) } });
        expect(Array.from(y?.data as Float32Array)).toEqual(Array.from({ length: 1200 }, (_, i) => i * factor));
      }
      await session.release();
    }
  });
});
