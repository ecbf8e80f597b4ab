/**
 * Types and shapes of all values of a model, as the engine infers them without running anything and without reading
 * weights. Sizes that follow from open dimensions are found by experiment: the graph is typed under several choices of
 * them, and a size is told as the expression that gives all that were seen, one choice that was not used to find it
 * included.
 */
import type { Engine } from '../engine/engine.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { Graph } from '../graph/graph.js';
import type { ScopePath } from '../graph/item-ids.js';
import type { ValueType } from '../graph/value-type.js';
import { isSize } from './shapes/dimension.js';
import { bodyLevel, mainLevel, type Level } from './shapes/level.js';
import { openShapes } from './shapes/open-shapes.js';

export interface ShapeRequest {
  readonly graph: Graph;
  readonly engine: Engine;
  /** Encodes a part of the graph for the engine. */
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  readonly signal?: AbortSignal;
}

export interface InferredShapes {
  /** What the values belong to: the graph asked about, or the body at the end of a path. */
  readonly graph: Graph;
  /** Open dimensions of the model's inputs; one that the model does not name is called after its input: "x[1]". */
  readonly dimensions: readonly string[];
  /**
   * Type and shape of a value of the graph. Sizes are numbers, expressions of the open dimensions ("2 × sequence"), or
   * "?" where unknown. What the engine cannot tell is as the file states it; undefined where that tells nothing either.
   */
  typeOf(value: string): ValueType | undefined;
  /** The size that a size in a shape stands for ("2 × sequence"); undefined where one that it takes is not given. */
  sizeOf(size: number | string, sizes: Readonly<Record<string, number>>): number | undefined;
  /** Types and shapes for given sizes of the open dimensions. @throws CancelledError */
  at(sizes: Readonly<Record<string, number>>, signal?: AbortSignal): Promise<ConcreteShapes>;
  /**
   * The same for the body at the end of a path, which begins at this graph.
   * @throws ProblemError `not-applicable` when the path leads nowhere; CancelledError.
   */
  inside(path: ScopePath, signal?: AbortSignal): Promise<InferredShapes>;
}

export interface ConcreteShapes {
  /** "float32"; undefined where it is not known, or the value is no tensor. */
  typeOf(value: string): string | undefined;
  /** Undefined where a size cannot be known before a run. */
  shapeOf(value: string): readonly number[] | undefined;
}

/** Never fails because of an odd model: what cannot be inferred is absent. @throws CancelledError */
export async function inferShapes({ graph, engine, toRunnable, signal }: ShapeRequest): Promise<InferredShapes> {
  const typing = {
    engine,
    toRunnable,
    refused: new Set<string>(),
    suspects: new WeakMap(),
    scalars: new WeakMap(),
    work: 0,
  };
  return inferLevel(mainLevel(graph, typing), signal);
}

async function inferLevel(level: Level, signal: AbortSignal | undefined): Promise<InferredShapes> {
  const { names, scope } = level;
  const { types, sizeOf } = await openShapes(level, signal);
  const bodies = new Map<string, Promise<InferredShapes>>();
  const shapes: InferredShapes = {
    graph: scope.graph,
    dimensions: names,
    typeOf: (value) => types.get(value) ?? scope.graph.valueInfo(value),
    sizeOf: (size, sizes) => sizeOf(size, new Map(Object.entries(sizes))),
    at: (sizes, cancel) => concreteShapes(level, sizes, cancel),
    async inside([step, ...rest], cancel) {
      if (step === undefined) return shapes;
      const key = `${step.node}.${step.body}`;
      let body = bodies.get(key);
      if (body === undefined) {
        body = inferLevel(bodyLevel(level, step), cancel);
        bodies.set(key, body);
        // One that was cancelled is begun again.
        body.catch(() => bodies.delete(key));
      }
      return (await body).inside(rest, cancel);
    },
  };
  return shapes;
}

async function concreteShapes(
  level: Level,
  given: Readonly<Record<string, number>>,
  signal: AbortSignal | undefined,
): Promise<ConcreteShapes> {
  const sizes = new Map(Object.entries(given).filter(([name, size]) => level.names.includes(name) && isSize(size)));
  const { at } = await level.typed(sizes, signal);
  const knownOf = (value: string): ValueType | undefined => {
    const known = at.types.get(value);
    return known === 'no tensor' ? undefined : (known ?? at.graph.valueInfo(value));
  };
  return {
    typeOf: (value) => knownOf(value)?.type,
    shapeOf: (value) => {
      const shape = knownOf(value)?.shape;
      return shape?.every((size) => typeof size === 'number') ? (shape as readonly number[]) : undefined;
    },
  };
}
