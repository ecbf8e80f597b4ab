import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { readTensor } from '../../../src/core/formats/onnx/external-data.js';
import {
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type NodeProto,
  type TensorProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { toRunnable } from '../../../src/core/formats/onnx/serialize.js';
import { everyTensor } from '../../../src/core/formats/onnx/walk.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { ProblemError } from '../../../src/core/errors.js';
import {
  bytesOf,
  concat,
  constantNode,
  graphOf,
  ifNode,
  modelOf,
  packedTensor,
  rawTensor,
  varintField,
} from '../../unit/formats/onnx-builder.js';
import { sharedData } from '../../unit/shared-data.js';
import { protobufFields } from '../boundaries.js';
import type { FuzzCase, FuzzFormat } from '../format.js';
import type { Random } from '../random.js';
import { oddNames } from './names.js';
import { realFiles } from './real-files.js';

/** Of the cases of the conformance suite, every so many. */
const CASES_APART = 40;
const MAXIMUM_DEPTH = 20;

export const onnx: FuzzFormat = {
  name: 'onnx',
  corpus() {
    const branch = graphOf([constantNode('c', rawTensor('', 1200))], [rawTensor('w', 30)], ['c']);
    const node = [ifNode('b', 'y', branch, branch), constantNode('k', rawTensor('', 50))];
    const made = bytesOf(modelOf(graphOf(node, [rawTensor('v', 1500), packedTensor('p', 9)], ['y'])));
    return [{ name: 'made.onnx', bytes: made }, ...conformanceCases(), ...realFiles(['acasxu/ACASXU_1_1.onnx'])];
  },
  valid: (random) => ({ name: 'valid.onnx', bytes: oddModel(random) }),
  boundaries: protobufFields,
  async exercise(source, siblings) {
    const file = await openOnnx(source, siblings);
    expandAll(createGraph(file.proto), 0);
    toRunnable(file.proto, '/');
    // What is wrong with single tensors is a problem of theirs, not of the file.
    for (const tensor of [...everyTensor(file.proto)].slice(0, 200)) {
      await readTensor(tensor, file.openLocation).catch((error: unknown) => {
        if (!(error instanceof ProblemError)) throw error;
      });
    }
  },
};

function expandAll(graph: Graph, depth: number): void {
  if (depth >= MAXIMUM_DEPTH) return;
  for (const node of graph.nodes) for (const inner of graph.subgraphs(node)) expandAll(inner.graph, depth + 1);
}

function conformanceCases(): FuzzCase[] {
  const folder = sharedData('onnx-conformance/node');
  if (folder === undefined) return [];
  const models = readdirSync(folder).map((name) => join('onnx-conformance/node', name, 'model.onnx'));
  return realFiles(
    models.filter((path, index) => index % CASES_APART === 0 && existsSync(join(folder, '../..', path))),
  );
}

/** Nodes and tensors of odd names and types, subgraphs, fields that nobody knows. */
export function oddModel(random: Random): Uint8Array {
  const names = oddNames(random, 12).filter((name) => name !== '' && !name.includes('\ud800'));
  const tensor = (name: string): TensorProto =>
    random.pick([
      () => rawTensor(name, random.pick([0, 1, 300, 2000])),
      () => packedTensor(name, random.pick([0, 3, 700])),
      () => create(TensorProtoSchema, { name, dataType: DataType.STRING, dims: [1n], stringData: [random.bytes(5)] }),
      () => create(TensorProtoSchema, { name, dataType: DataType.INT4, dims: [3n], rawData: random.bytes(2) }),
      () => create(TensorProtoSchema, { name, dataType: DataType.BFLOAT16, dims: [2n, 1n], rawData: random.bytes(4) }),
    ])();
  const nodes = (depth: number): NodeProto[] =>
    Array.from({ length: random.between(1, 3) }, () => {
      const output = random.pick(names);
      if (depth > 3 || random.chance(0.6)) return constantNode(output, tensor(''));
      return ifNode(random.pick(names), output, graphOf(nodes(depth + 1)), graphOf(nodes(depth + 1)));
    });
  const model = bytesOf(modelOf(graphOf(nodes(0), names.slice(0, random.below(8)).map(tensor), [names[0] ?? 'y'])));
  return random.chance(0.3) ? concat(model, varintField(random.between(100, 2000), 7)) : model;
}
