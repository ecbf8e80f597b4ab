/**
 * Types and shapes of all values of a graph under one choice of sizes, as the engine infers them. The graph goes to the
 * engine in parts, each opened without weights and never run: no call takes long, and what the engine refuses takes only
 * its own values along.
 */
import { breathe } from '../../breathe.js';
import type { Engine, OutputType, Session } from '../../engine/engine.js';
import { ProblemError, throwIfCancelled } from '../../errors.js';
import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../../formats/onnx/runnable-model.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import type { ValueType } from '../../graph/value-type.js';
import { partModel, probeName, type PartRequest } from './part-model.js';
import { canEnter, isConstant, knownType, valuesRead, type KnownType, type TypedGraph } from './typed-graph.js';

/** What typings of one model share. */
export interface Typing {
  readonly engine: Engine;
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  /** Operators that the engine lacks for certain types: not tried again. */
  readonly refused: Set<string>;
  /** Nodes of a graph that the engine refused for some sizes: they are asked about alone. */
  readonly suspects: WeakMap<Graph, Set<GraphNode>>;
  /** Values of a graph that were seen to have no axes: the engine's answer alone does not tell it. */
  readonly scalars: WeakMap<Graph, Set<string>>;
  /** Nodes typed so far: what the work is counted in. */
  work: number;
}

export interface TypingOptions {
  readonly signal: AbortSignal | undefined;
  /** `folding` finds sizes that were computed, where all sizes are numbers; `none` keeps names. */
  readonly optimization: 'folding' | 'none';
  /** What the file states of a value, for those that the engine cannot tell. */
  readonly stated: (value: string) => ValueType | undefined;
}

/** Opened in about 25 ms. */
const PART_NODES = 200;
/** Nodes that the engine may refuse in one graph; with more, the rest of the part they are in stays unknown. */
const MAXIMUM_FAILURES = 48;

/**
 * Fills in the types of everything that the graph's nodes make; those of its inputs are there already.
 * @returns how many nodes the engine refused although it knows their operator: with other sizes it may take them.
 * @throws CancelledError
 */
export async function typeGraph(typing: Typing, at: TypedGraph, options: TypingOptions): Promise<number> {
  const { graph } = at;
  let failures = 0;
  let failed = 0;
  const nodes = graph.order.filter((node) => !node.outputs.every((value) => value === '' || isConstant(at, value)));
  const suspects = typing.suspects.get(graph) ?? new Set<GraphNode>();
  typing.suspects.set(graph, suspects);
  for (const part of partsOf(nodes, suspects)) await typeNodes(part);
  return failed;

  async function typeNodes(candidates: readonly GraphNode[]): Promise<void> {
    const part = readyNodes(candidates);
    if (part.length === 0) return;
    throwIfCancelled(options.signal);
    await breathe();
    typing.work += part.length;
    const types = failures > MAXIMUM_FAILURES ? undefined : await typesOf(part);
    if (types === 'operator' || types === 'graph' || types === undefined) {
      const [first, ...others] = part;
      if (first === undefined) return;
      if (others.length > 0 && types !== undefined) {
        const half = Math.ceil(part.length / 2);
        await typeNodes(part.slice(0, half));
        // Some of these may have had to wait for what could not be typed.
        await typeNodes(part.slice(half));
        return;
      }
      if (types === 'operator') typing.refused.add(operatorKey(first));
      else {
        failed++;
        suspects.add(first);
      }
      failures++;
      part.forEach(stateOutputs);
      return;
    }
    for (const [value, type] of types) at.types.set(value, type);
  }

  /** Nodes whose reads can all enter or are made before them; of the others, what the file states is all there is. */
  function readyNodes(candidates: readonly GraphNode[]): GraphNode[] {
    const made = new Set<string>();
    return candidates.filter((node) => {
      const canRead = valuesRead(node).every((value) => made.has(value) || canEnter(at, value));
      if (!canRead || typing.refused.has(operatorKey(node))) {
        stateOutputs(node);
        return false;
      }
      for (const output of node.outputs) made.add(output);
      return true;
    });
  }

  function stateOutputs(node: GraphNode): void {
    for (const value of node.outputs) {
      const stated = value === '' ? undefined : options.stated(value);
      if (stated !== undefined && stated.type !== 'unknown') at.types.set(value, stated);
    }
  }

  /** The operator with the types that it reads: the engine may have it for others. */
  function operatorKey(node: GraphNode): string {
    const types = node.inputs.map((value) => {
      const known = knownType(at, value);
      return known === undefined ? graph.initializer(value)?.dataType : known === 'no tensor' ? known : known.type;
    });
    return JSON.stringify([node.domain, node.opType, ...types]);
  }

  /** Types of all that the nodes make, or what the engine refuses: an operator, or the graph as it is. */
  async function typesOf(nodes: readonly GraphNode[]): Promise<Map<string, KnownType> | 'operator' | 'graph'> {
    const outputs = [...new Set(nodes.flatMap((node) => node.outputs))].filter((value) => value !== '');
    const answer = await ask({ nodes, outputs });
    if (typeof answer === 'string') return answer;
    const types = new Map<string, KnownType>();
    for (const { name, type, shape } of answer) types.set(name, type === undefined ? 'no tensor' : { type, shape });
    const unclear = answer.filter(({ type, shape }) => type !== undefined && shape.length === 0);
    for (const [name, rank] of await ranks(
      nodes,
      unclear.map(({ name }) => name),
    )) {
      const { type } = answer.find((output) => output.name === name) ?? {};
      if (rank !== 0 && type !== undefined) types.set(name, { type, shape: undefined });
    }
    return types;
  }

  /** Ranks of values whose shape the engine gives as empty, which stands for both no axes and unknown ones. */
  async function ranks(
    nodes: readonly GraphNode[],
    values: readonly string[],
  ): Promise<Map<string, number | undefined>> {
    const scalars = typing.scalars.get(graph) ?? new Set<string>();
    typing.scalars.set(graph, scalars);
    const unclear = values.filter((value) => !scalars.has(value));
    const found = new Map<string, number | undefined>(unclear.map((value) => [value, undefined]));
    if (unclear.length === 0) return found;
    await breathe();
    const answer = await ask({ nodes: neededFor(nodes, unclear), outputs: [], probes: unclear });
    if (typeof answer === 'string') return found;
    const sizes = new Map(answer.map(({ name, shape }) => [name, shape[0]]));
    for (const value of unclear) {
      const rank = sizes.get(probeName(value));
      if (rank === 0) scalars.add(value);
      found.set(value, typeof rank === 'number' ? rank : undefined);
    }
    return found;
  }

  async function ask(request: Omit<PartRequest, 'readsFiles'>): Promise<readonly OutputType[] | 'operator' | 'graph'> {
    const model = partModel(at, { ...request, readsFiles: options.optimization === 'folding' });
    if (model === undefined) return 'graph';
    let session: Session | undefined;
    try {
      session = await typing.engine.open(typing.toRunnable(model), { threads: 1, optimization: options.optimization });
      return session.outputTypes;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return error.problem.kind === 'unsupported-operator' ? 'operator' : 'graph';
    } finally {
      await session?.release();
    }
  }
}

/** Neighbours together as far as one part may hold them, suspects alone. */
function* partsOf(nodes: readonly GraphNode[], suspects: ReadonlySet<GraphNode>): Generator<GraphNode[]> {
  // What is added on the way has been asked about.
  const known = new Set(suspects);
  let part: GraphNode[] = [];
  for (const node of nodes) {
    const isAlone = known.has(node);
    if (part.length > 0 && (isAlone || part.length === PART_NODES)) {
      yield part;
      part = [];
    }
    if (isAlone) yield [node];
    else part.push(node);
  }
  if (part.length > 0) yield part;
}

/** Those of the nodes that some values depend on. */
function neededFor(nodes: readonly GraphNode[], values: readonly string[]): readonly GraphNode[] {
  const wanted = new Set(values);
  const needed = [...nodes].reverse().filter((node) => {
    if (!node.outputs.some((output) => wanted.has(output))) return false;
    for (const value of valuesRead(node)) wanted.add(value);
    return true;
  });
  return needed.reverse();
}
