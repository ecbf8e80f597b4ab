/**
 * Control flow written out as it went at one input, so that it is read like any other graph: of an If the branch that was
 * taken, of a Loop or Scan its steps.
 */
import type { ModelProto, NodeProto } from '../../formats/onnx/onnx_pb.js';
import { attributeGraphs } from '../../formats/onnx/walk.js';
import { createGraph, type Graph, type GraphNode } from '../../graph/graph.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import { inlineFunctions } from '../inline-functions.js';
import { unusedPrefix } from '../raise-opset.js';
import { bodyRuns, type BodyRun } from './body-runs.js';
import { bodyThatRuns, stepsOf, type Steps } from './body-steps.js';

/** Steps of one graph, and nodes that are there more than once for them: as many as of recurrent operators. */
const MOST_STEPS = 128;
const MOST_REPEATED_NODES = 4000;
/** Of which it consists when all is written out. */
const MOST_NODES = 100_000;
/** Bodies in bodies; none that exporters write go as deep. */
const MAXIMUM_DEPTH = 16;

export interface WrittenBodies {
  /** The given one where there is nothing to write out. Every value of the main graph keeps its name. */
  readonly graph: Graph;
  /** Why a node stayed as it is, a sentence by the node's first output. */
  readonly unread: ReadonlyMap<string, string>;
  /** Whether another input of the same sizes may go another way. */
  readonly isOfThisInput: boolean;
}

/**
 * @param graph as `prepareForLinearize` makes it.
 * @param run gives the outputs of a graph at the input; called for as many levels as bodies lie in each other, each time
 *   for what decides there.
 * @throws ProblemError as `run` does; `malformed-model` when functions call each other without end.
 */
export async function writeOutBodies(
  graph: Graph,
  run: (model: ModelProto) => Promise<NamedTensors>,
): Promise<WrittenBodies> {
  const unread = new Map<string, string>();
  const left = { steps: MOST_STEPS, repeated: MOST_REPEATED_NODES };
  let current = graph;
  let isOfThisInput = false;
  for (let depth = 0; ; depth++) {
    const nodes = current.nodes.filter((node) => hasBody(node) && !unread.has(keyOf(node)));
    if (nodes.length === 0) return { graph: current, unread, isOfThisInput };
    const written = new Map<NodeProto, Steps>();
    const runs = depth < MAXIMUM_DEPTH ? await bodyRuns(current, nodes, run) : new Map<GraphNode, BodyRun>();
    let size = current.nodes.length;
    const prefix = unusedPrefix(current.model, 'body');
    for (const [node, each] of runs) {
      const body = bodyThatRuns(current, node, each);
      const { times } = each;
      if (body === undefined || times === undefined) continue;
      const isRepeated = node.opType !== 'If';
      const count = nodeCount(body.node);
      if (isRepeated && times > left.steps) {
        unread.set(keyOf(node), `${node.opType} runs ${times} times: at most ${MOST_STEPS} steps are written out`);
      } else if (isRepeated ? times * count > left.repeated : size + count > MOST_NODES) {
        const most = isRepeated ? MOST_REPEATED_NODES : MOST_NODES;
        unread.set(keyOf(node), `${node.opType} has ${times * count} nodes in all: at most ${most} are written out`);
      } else {
        const steps = stepsOf(node, body, times, `${prefix}${node.index}`);
        if (steps === undefined) continue;
        written.set(node.proto, steps);
        size += times * count;
        if (isRepeated) left.steps -= times;
        if (isRepeated) left.repeated -= times * count;
        isOfThisInput ||= each.isOfThisInput;
      }
    }
    for (const node of nodes) {
      if (written.has(node.proto) || unread.has(keyOf(node))) continue;
      unread.set(keyOf(node), `what ${node.opType} runs at this input is not known or is empty`);
    }
    if (written.size > 0) current = createGraph(inlineFunctions(inPlace(current, written)));
  }
}

function hasBody({ domain, opType, proto }: GraphNode): boolean {
  return domain === '' && ['If', 'Loop', 'Scan'].includes(opType) && attributeGraphs(proto).length > 0;
}

/** Name of a node in `unread`: its first output. */
function keyOf({ outputs }: GraphNode): string {
  return outputs.find((value) => value !== '') ?? '';
}

/** Nodes at any depth. */
function nodeCount(nodes: readonly NodeProto[]): number {
  return nodes.reduce(
    (sum, node) => sum + 1 + attributeGraphs(node).reduce((inner, { graph }) => inner + nodeCount(graph.node), 0),
    0,
  );
}

function inPlace({ model, proto }: Graph, written: ReadonlyMap<NodeProto, Steps>): ModelProto {
  const steps = [...written.values()];
  return {
    ...model,
    graph: {
      ...proto,
      node: proto.node.flatMap((node) => written.get(node)?.nodes ?? [node]),
      initializer: [...proto.initializer, ...steps.flatMap(({ initializers }) => initializers)],
      sparseInitializer: [...proto.sparseInitializer, ...steps.flatMap((each) => each.sparseInitializers)],
    },
  };
}
