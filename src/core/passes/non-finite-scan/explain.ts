/** Runs the first input that went wrong once more, to see what went into the node where it began. */
import { usedFeeds } from '../../engine/used-feeds.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { floatValues } from '../../graph/float-values.js';
import type { GraphNode } from '../../graph/graph.js';
import { causeOf, type CauseInput } from './cause.js';
import { floatCopies } from './watch-graph.js';

/** Views and insides of spelled-out functions are not watched: this many nodes are followed up. */
const MOST_STEPS = 20;
const FLOATS = new Set<number>([DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16]);

export interface Explained {
  /** Where it began: the watched node, or one before it that is not watched. */
  readonly node: GraphNode;
  readonly cause: string;
}

export async function explain(subject: ExperimentSubject, start: GraphNode, input: number): Promise<Explained> {
  const { graph, dataset } = subject;
  const { feeds } = await dataset.batch(input, input + 1);
  let node = start;
  for (let step = 0; ; step++) {
    const read = await readInputs(subject, node, feeds);
    const broken = read.find(({ from, data }) => from === 'node' && data.some((value) => !(value < Infinity)));
    const before = broken === undefined ? undefined : graph.producerOf(broken.value);
    if (before === undefined || step === MOST_STEPS) return { node, cause: causeOf(node, read) };
    node = before;
  }
}

async function readInputs(
  { graph, engine, threads, toRunnable }: ExperimentSubject,
  node: GraphNode,
  feeds: Parameters<typeof usedFeeds>[1],
): Promise<(CauseInput & { readonly value: string })[]> {
  const floats = floatValues(graph);
  const given = new Set(graph.inputs.map(({ name }) => name));
  const values = [...new Set(node.inputs)].filter((value) => {
    const weights = graph.initializer(value);
    if (weights !== undefined) return FLOATS.has(weights.dataType);
    if (given.has(value)) return feeds[value] !== undefined && /^float|^bfloat/.test(feeds[value].type);
    return floats.has(value);
  });
  const copies = floatCopies(graph, values);
  const session = await engine.open(toRunnable(copies.model), { threads });
  try {
    const outputs = await session.run(usedFeeds(session, feeds));
    return values.flatMap((value, at) => {
      const data = outputs[copies.outputs[at] ?? '']?.data;
      if (!(data instanceof Float32Array)) return [];
      const from = graph.initializer(value) !== undefined ? 'weights' : given.has(value) ? 'model input' : 'node';
      return [{ value, data, from } as const];
    });
  } finally {
    await session.release();
  }
}
