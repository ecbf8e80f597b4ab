/** The graphs of a model that can be typed: the main one from what its inputs state, a body from the graph around it. */
import { innerScope, mainScope, type GraphScope } from '../../graph/graph-scopes.js';
import type { Graph } from '../../graph/graph.js';
import type { ScopeStep } from '../../graph/item-ids.js';
import type { NamedValueType, ValueType } from '../../graph/value-type.js';
import { bodyInputs, widened } from './body-inputs.js';
import { evaluateDimension, isSize, parseDimension, type Sizes } from './dimension.js';
import { typeGraph, type Typing, type TypingOptions } from './type-graph.js';
import { typedGraph, type KnownType, type TensorType, type TypedGraph } from './typed-graph.js';

export interface Level {
  readonly scope: GraphScope;
  /** Open dimensions of the model's inputs. */
  readonly names: readonly string[];
  /** Types of the graph's own inputs as far as the model states them, its open dimensions named. */
  readonly inputs: ReadonlyMap<string, ValueType>;
  readonly typing: Typing;
  /** @param sizes undefined: the dimensions stay open, under their names. @throws CancelledError */
  typed(sizes: Sizes | undefined, signal: AbortSignal | undefined): Promise<TypedLevel>;
}

export interface TypedLevel {
  readonly at: TypedGraph;
  /** Nodes of this graph that the engine refused with these sizes. */
  readonly failed: number;
}

/** After so many rounds of a loop, sizes that still change are given up. */
const MAXIMUM_ROUNDS = 3;
/** Typed versions of a graph that are kept: bodies need them, and the experiments come in turn. */
const KEPT_VERSIONS = 24;

export function mainLevel(graph: Graph, typing: Typing): Level {
  const inputs = new Map(graph.inputs.map((input) => [input.name, named(input)]));
  const names = new Set<string>();
  for (const { shape } of inputs.values()) {
    for (const size of shape ?? []) {
      if (typeof size === 'string') for (const [name] of parseDimension(size).terms) names.add(name);
    }
  }
  return {
    scope: mainScope(graph),
    names: [...names],
    inputs,
    typing,
    typed: keepingLatest(async (sizes, signal) => {
      const at = typedGraph(graph);
      for (const [name, type] of inputs) if (type.type !== 'unknown') at.types.set(name, withSizes(type, sizes));
      return { at, failed: await typeGraph(typing, at, typingOptions(graph, sizes, signal)) };
    }),
  };
}

/** @throws ProblemError `not-applicable` when the node has no such body. */
export function bodyLevel(outer: Level, step: ScopeStep): Level {
  const { typing, names } = outer;
  const scope = innerScope(outer.scope, step);
  const { graph } = scope;
  return {
    scope,
    names,
    inputs: new Map(),
    typing,
    typed: keepingLatest(async (sizes, signal) => {
      const around = (await outer.typed(sizes, signal)).at;
      const options = typingOptions(graph, sizes, signal);
      let entering = bodyInputs(scope, around, options.stated);
      for (let round = 1; ; round++) {
        const at = typedGraph(graph, scope.kind === 'subgraph' ? around : undefined);
        for (const [name, type] of entering.types) at.types.set(name, type);
        const failed = await typeGraph(typing, at, options);
        const wider = widened(entering, at);
        if (wider === undefined) return { at, failed };
        entering = { ...entering, types: round < MAXIMUM_ROUNDS ? wider : withoutShapes(wider, entering.types) };
      }
    }),
  };
}

/** Types that are still changing, without their shapes. */
function withoutShapes(
  types: ReadonlyMap<string, KnownType>,
  before: ReadonlyMap<string, KnownType>,
): ReadonlyMap<string, KnownType> {
  return new Map(
    [...types].map(([name, type]): [string, KnownType] => {
      const isChanging = type !== 'no tensor' && type !== before.get(name);
      return [name, isChanging ? { type: type.type, shape: undefined } : type];
    }),
  );
}

function typingOptions(graph: Graph, sizes: Sizes | undefined, signal: AbortSignal | undefined): TypingOptions {
  return {
    signal,
    optimization: sizes === undefined ? 'none' : 'folding',
    stated: (value) => {
      const type = graph.valueInfo(value);
      return type === undefined || type.type === 'unknown' ? undefined : withSizes(type, sizes);
    },
  };
}

/** An input whose unnamed open dimensions are called after it: "x[1]". */
function named({ name, type, shape }: NamedValueType): ValueType {
  return { type, shape: shape?.map((size, axis) => (size === '?' ? `${name}[${axis}]` : size)) };
}

/** A stated type with sizes for the names in it, "?" where there is none. */
function withSizes({ type, shape }: ValueType, sizes: Sizes | undefined): TensorType {
  if (sizes === undefined || shape === undefined) return { type, shape };
  const sizeOf = (size: number | string): number | string => {
    if (typeof size === 'number') return size;
    const value = evaluateDimension(parseDimension(size), sizes);
    return value !== undefined && isSize(value) ? value : '?';
  };
  return { type, shape: shape.map(sizeOf) };
}

/** Remembers what was typed for the latest sizes; a failed or cancelled attempt is forgotten. */
function keepingLatest(type: Level['typed']): Level['typed'] {
  const kept = new Map<string, Promise<TypedLevel>>();
  return (sizes, signal) => {
    const key = sizes === undefined ? 'open' : JSON.stringify([...sizes].sort());
    const known = kept.get(key);
    if (known !== undefined) return known;
    const typed = type(sizes, signal);
    kept.set(key, typed);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_VERSIONS && oldest !== undefined) kept.delete(oldest);
    typed.catch(() => kept.delete(key));
    return typed;
  };
}
