import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
} from '../../src/core/formats/onnx/onnx_pb.js';
import type { NodeProto } from '../../src/core/formats/onnx/onnx_pb.js';
import { createGraph, type Graph } from '../../src/core/graph/graph.js';
import { buildModuleTree, isModule, type Module } from '../../src/core/graph/modules.js';
import { initialExpansion } from '../../src/core/graph/picture/first-picture.js';
import { layoutGraph } from '../../src/core/graph/picture/layout.js';
import { makeNode, makeValueInfo } from '../../src/core/rewrite/nodes.js';
import { median, report } from './timing.js';

const BLOCKS = 50;
const PARTS = 5;
const NODES_PER_PART = 40;
const OPERATORS = ['Relu', 'Transpose', 'Softmax', 'ReduceMean', 'Squeeze', 'MaxPool', 'LayerNormalization', 'MatMul'];
const FIRST_PICTURE_MILLISECONDS = 1500;
const EXPAND_MILLISECONDS = 150;
const EXPANSIONS = 25;

/**
 * 10,000 nodes in 50 blocks of 5 parts, all wired differently, so that no layout serves twice: each node reads the one
 * before it and sometimes an earlier one of its part, a few one of another part.
 */
function irregularGraph(): Graph {
  const nodes: NodeProto[] = [];
  let state = 1;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let block = 0; block < BLOCKS; block++) {
    for (let part = 0; part < PARTS; part++) {
      for (let step = 0; step < NODES_PER_PART; step++) {
        const at = nodes.length;
        const inputs = [`v${at}`];
        if (step > 1 && draw(5) === 0) inputs.push(`v${at - 1 - draw(step)}`);
        else if (draw(100) === 0) inputs.push(`v${Math.max(0, at - draw(150))}`);
        const operator = inputs.length > 1 ? 'Add' : (OPERATORS[draw(OPERATORS.length)] ?? '');
        const name = `/blocks/blocks.${block}/part${part}/op_${step}`;
        nodes.push({ ...makeNode(operator, inputs, [`v${at + 1}`]), name });
      }
    }
  }
  return createGraph(
    create(ModelProtoSchema, {
      opsetImport: [{ domain: '', version: 17n }],
      graph: create(GraphProtoSchema, {
        node: nodes,
        input: [makeValueInfo('v0', DataType.FLOAT, [1])],
        output: [makeValueInfo(`v${nodes.length}`, DataType.FLOAT, [1])],
      }),
    }),
  );
}

/** Time until the structure of a graph of 10,000 nodes is seen, and until a module that is opened is. */
export async function measureStructure(): Promise<boolean> {
  const start = performance.now();
  const graph = irregularGraph();
  const built = performance.now();
  const tree = buildModuleTree(graph);
  const expanded = initialExpansion(tree);
  await layoutGraph({ graph, tree, expanded });
  const firstPicture = performance.now() - built;
  process.stdout.write(`  ${graph.nodes.length} nodes, built in ${(built - start).toFixed(0)} ms\n`);

  const open = new Set(expanded);
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  for (let round = 0; round < EXPANSIONS; round++) {
    const closed = visibleClosed(tree.root, open);
    const module = closed[(round * 7) % closed.length];
    if (module === undefined) break;
    open.add(module.id);
    const before = performance.now();
    await layoutGraph({ graph, tree, expanded: [...open] });
    times.push(performance.now() - before);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpu = (user + system) / 1000 / Math.max(1, times.length);
  const met = report('first picture of 10,000 nodes', firstPicture, FIRST_PICTURE_MILLISECONDS, 'ms');
  return (
    report(
      `opening a module, median of ${times.length}`,
      median(times),
      EXPAND_MILLISECONDS,
      'ms',
      `slowest ${Math.max(...times).toFixed(0)} ms, CPU time ${cpu.toFixed(0)} ms each`,
    ) && met
  );
}

function visibleClosed(module: Module, open: ReadonlySet<string>): Module[] {
  return module.items.filter(isModule).flatMap((inner) => (open.has(inner.id) ? visibleClosed(inner, open) : [inner]));
}
