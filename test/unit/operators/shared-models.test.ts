/** Every operator of every model that other people made is documented, or is known not to be. */
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { documentation } from '../../../src/core/graph/operators/documentation.js';
import { explainNode } from '../../../src/core/graph/operators/explain-node.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { collection } from '../../conformance/cases.js';
import { sharedData } from '../shared-data.js';
import { OPERATORS } from './documented.js';

/** Operators that nobody documents: "domain operator" → whose they are. */
const UNDOCUMENTED: Readonly<Record<string, string>> = {
  'ai.onnx.contrib SuperResolutionPreProcess': 'onnxruntime-extensions',
  'ai.onnx.contrib SuperResolutionPostProcess': 'onnxruntime-extensions',
};

const folder = sharedData('.');

async function readModel(path: string): Promise<ModelProto> {
  const source = await openFileSource(path);
  const { proto } = await openOnnx(source, siblingFiles(dirname(path)));
  await source.close();
  return proto;
}

function* nodesOf(graph: Graph): Generator<{ graph: Graph; node: Graph['nodes'][number] }> {
  for (const node of graph.nodes) {
    yield { graph, node };
    for (const inner of graph.subgraphs(node)) yield* nodesOf(inner.graph);
  }
}

describe.skipIf(folder === undefined)('operators of the shared models (need the shared data)', () => {
  it('are documented at the version that their model uses', async () => {
    const counts = { operator: 0, function: 0, unknown: 0, models: 0 };
    const types = new Set<string>();
    const undocumented = new Map<string, string>();
    const unmatched: string[] = [];
    const { models, cases } = collection(folder ?? '');
    for (const path of [...models, ...cases.map((each) => each.path)]) {
      const model = await readModel(path);
      counts.models++;
      for (const { graph, node } of nodesOf(createGraph(model))) {
        const explanation = explainNode(graph, node, OPERATORS);
        counts[explanation.source]++;
        const key = `${node.domain} ${node.opType}`;
        types.add(key);
        if (explanation.source === 'unknown') undocumented.set(key, `${path}: ${explanation.remark}`);
        if (explanation.source !== 'operator') continue;
        // What a real model gives its nodes, the documentation knows: attributes, inputs, outputs.
        for (const { name, type } of explanation.attributes)
          if (type === undefined) unmatched.push(`${path}: ${key} ${explanation.since} has the attribute ${name}`);
        for (const { role, value } of [...explanation.inputs, ...explanation.outputs])
          if (role === undefined) unmatched.push(`${path}: ${key} ${explanation.since} has the value ${value}`);
        const missing = explanation.attributes.filter((each) => each.required && each.value === undefined);
        for (const { name } of missing) unmatched.push(`${path}: ${key} ${explanation.since} lacks ${name}`);
      }
      for (const definition of model.functions) {
        const opsets = new Map(definition.opsetImport.map(({ domain, version }) => [domain, Number(version)]));
        const own = new Set(model.functions.map(({ domain, name }) => `${domain} ${name}`));
        for (const { domain, opType } of definition.node) {
          if (own.has(`${domain} ${opType}`)) continue;
          const found = documentation(OPERATORS, domain, opType, opsets.get(domain));
          if (found === undefined) undocumented.set(`${domain} ${opType}`, `${path}: in ${definition.name}`);
        }
      }
    }
    console.log(`${counts.models} models, ${types.size} kinds of nodes:`, counts);
    expect([...undocumented].filter(([key]) => UNDOCUMENTED[key] === undefined)).toEqual([]);
    expect(unmatched).toEqual([]);
    expect(counts.operator).toBeGreaterThan(1000);
    expect(counts.unknown).toBeLessThan(0.01 * counts.operator);
  }, 120_000);
});
