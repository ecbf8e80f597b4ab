/** One case of a suite, run whole, watched at every value, and cut at every value: what must agree. */
import type { Engine, SessionOptions } from '../../src/core/engine/engine.js';
import { usedFeeds } from '../../src/core/engine/used-feeds.js';
import { toRunnable } from '../../src/core/formats/onnx/serialize.js';
import type { ModelProto } from '../../src/core/formats/onnx/onnx_pb.js';
import type { Graph } from '../../src/core/graph/graph.js';
import type { ObservedLayer } from '../../src/core/graph/layers.js';
import type { ObservationKind } from '../../src/core/rewrite/observation.js';
import { observe, type Observing } from '../../src/core/rewrite/observe.js';
import { prune } from '../../src/core/rewrite/prune.js';
import type { NamedTensors, Tensor } from '../../src/core/tensor/tensor.js';
import { differentOutput, farOutput, numbersOf } from './compare.js';
import { sideBySide } from './side-by-side.js';

export interface ValueCounts {
  /** Values that nodes make and that are no outputs. */
  intermediate: number;
  /** Of these, those that were handed out whole and compared with a run cut there. */
  compared: number;
  /** Those that hold no tensor, or one of numbers that JavaScript has no type for. */
  untold: number;
  /** Numbers of observations that were compared with what the values themselves give. */
  observations: number;
  /** Optimised runs in which every output had the same bits with and without the observations. */
  identical: number;
  /** Optimised runs in which an output had other bits, within the tolerance. */
  close: number;
  /** Single outputs that a run cut there agrees with. */
  outputs: number;
}

/** Element types whose values JavaScript can hold. */
const PLAIN = /^(float(16|32|64)|u?int(8|16|32|64)|bool|string)$/;
const EVERY_KIND = ['sum', 'absolute-sum', 'minimum', 'maximum', 'zero-count', 'non-finite-count'] as const;
type CheckedKind = (typeof EVERY_KIND)[number];
/** What is asked of each of many values: all kinds of all of them make an engine open a graph for seconds. */
const FEW_KINDS: readonly CheckedKind[] = ['sum', 'maximum'];
const FEW_LAYERS = 8;
/**
 * An engine that may fuse nodes keeps those apart whose values are asked for: then it adds in another order, and what
 * it fuses stays more exact in half precision.
 */
const CLOSE = { relative: 2e-3, absolute: 1e-4 };

const MAXIMUM_FLOAT32 = 3.4e38;

/** What the values of a case are checked with. */
export interface ObservedCase {
  readonly model: ModelProto;
  readonly graph: Graph;
  readonly folder: string;
  readonly feeds: NamedTensors;
  /** Bits may differ also where the engine does not rewrite the graph. */
  readonly inexact: boolean;
}

/**
 * Watches every value of a case, and cuts it at every value and at every output.
 * @returns what is wrong, one line each.
 */
export async function checkValues(engine: Engine, given: ObservedCase, counts: ValueCounts): Promise<string[]> {
  const { model, graph, folder, feeds, inexact } = given;
  const outputs = graph.outputs.map(({ name }) => name);
  const isOutput = new Set(outputs);
  const made = graph.nodes.flatMap((node) => node.outputs.filter((value) => value !== '' && !isOutput.has(value)));
  const intermediate = [...new Set(made)];
  const wrong: string[] = [];

  const optimized = await run(model, 'all');
  const values = intermediate.length === 0 ? optimized : await watchEverything();
  const layers = Object.entries(values).flatMap(([value, tensor]) => layerOf(value, tensor));
  const isSmall = engine.name === 'native' && layers.length <= FEW_LAYERS;
  const kinds = isSmall ? EVERY_KIND : FEW_KINDS;
  const observing = observe(model, layers, asked(layers, kinds), { keep: outputs });
  const observed = await run(observing.model, 'all');
  wrong.push(...wrongObservations(observing, layers, kinds, observed, values, counts));
  const far = farOutput(pick(observed, outputs), optimized, CLOSE);
  if (far !== undefined) wrong.push(`${far} changes when all values are observed`);
  counts[differentOutput(pick(observed, outputs), optimized) === undefined ? 'identical' : 'close']++;
  for (const output of outputs) {
    const cut = await run(prune(model, [output]), 'all');
    counts.outputs++;
    if (farOutput(cut, pick(optimized, [output]), CLOSE) !== undefined) wrong.push(`${output} differs when cut`);
  }
  return wrong;

  /** Hands out all values beside the outputs, and compares both, bit for bit. @returns what can be handed out. */
  async function watchEverything(): Promise<NamedTensors> {
    const whole = await run(model, 'none');
    const keep = await told();
    const everything = await run(observe(model, [], [], { keep: [...outputs, ...keep] }).model, 'none');
    counts.untold += intermediate.length - keep.length;
    counts.intermediate += intermediate.length;
    counts.compared += keep.length;
    wrong.push(...differences('changes with every value an output', whole, everything, outputs, inexact));
    for (const { model: cuts, names } of sideBySide(model, keep)) {
      const found = await run(cuts, 'none');
      const cut = Object.fromEntries([...names].map(([name, value]) => [value, found[name]]));
      wrong.push(...differences('is not what a run cut there gives', cut, everything, [...names.values()], inexact));
    }
    return everything;
  }

  async function run(
    which: ModelProto,
    optimization: NonNullable<SessionOptions['optimization']>,
  ): Promise<NamedTensors> {
    const session = await engine.open(toRunnable(which, folder), { threads: 1, optimization });
    try {
      // An engine may update running statistics in place: a run must not change what the next one is given.
      return await session.run(structuredClone(usedFeeds(session, feeds)));
    } finally {
      await session.release();
    }
  }

  /** Values that a run can hand out: the engine knows their types before it runs. */
  async function told(): Promise<string[]> {
    const kept = observe(model, [], [], { keep: intermediate }).model;
    const session = await engine.open(toRunnable(kept, folder), { threads: 1, optimization: 'none' });
    const types = new Map(session.outputTypes.map(({ name, type }) => [name, type]));
    await session.release();
    return intermediate.filter((value) => PLAIN.test(types.get(value) ?? ''));
  }
}

function differences(
  what: string,
  expected: Readonly<Record<string, Tensor | undefined>>,
  actual: NamedTensors,
  names: readonly string[],
  inexact: boolean,
): string[] {
  const [left, right] = [pick(expected, names), pick(actual, names)];
  const different = inexact ? farOutput(left, right, CLOSE) : differentOutput(left, right);
  return different === undefined ? [] : [`${different} ${what}`];
}

function pick(tensors: Readonly<Record<string, Tensor | undefined>>, names: readonly string[]): NamedTensors {
  return Object.fromEntries(names.flatMap((name) => (tensors[name] === undefined ? [] : [[name, tensors[name]]])));
}

/**
 * A value of floating-point numbers as a layer: one example, its last axis the units. Sizes are left open, so that the
 * reductions are written into the graph wherever they can be.
 */
function layerOf(value: string, tensor: Tensor | undefined): ObservedLayer[] {
  if (tensor === undefined || !/^float/.test(tensor.type) || tensor.data.length === 0) return [];
  const unitAxes = tensor.dims.length === 0 ? [] : [tensor.dims.length - 1];
  const positionAxes = tensor.dims.slice(0, -1).map((_, axis) => axis);
  return [
    {
      value,
      label: value,
      module: [],
      operator: '',
      family: 'value',
      range: {},
      shape: tensor.dims.map((dim, axis) => (positionAxes.includes(axis) ? -1 : dim)),
      exampleAxis: undefined,
      foldedPositions: undefined,
      unitAxes,
      positionAxes,
      units: tensor.dims.at(-1) ?? 1,
      unitWord: 'units',
    },
  ];
}

function asked(
  layers: readonly ObservedLayer[],
  kinds: readonly ObservationKind[],
): { readonly layer: string; readonly kind: ObservationKind }[] {
  return layers.flatMap(({ value }) => kinds.map((kind) => ({ layer: value, kind })));
}

function wrongObservations(
  observing: Observing,
  layers: readonly ObservedLayer[],
  kinds: readonly CheckedKind[],
  observed: NamedTensors,
  values: NamedTensors,
  counts: ValueCounts,
): string[] {
  const read = observing.read(observed, 1);
  return layers.flatMap(({ value, units }) => {
    const tensor = values[value];
    if (tensor === undefined) return [`${value} was not handed out`];
    const numbers = numbersOf(tensor).map(Math.fround);
    return kinds.flatMap((kind) => {
      const { data } = read.get(value, kind);
      const expected = Array.from({ length: units }, (_, unit) =>
        reduced(
          kind,
          numbers.filter((_, at) => at % units === unit),
        ),
      );
      counts.observations += units;
      const isRight =
        data.length === units &&
        expected.every(({ result, scale }, unit) => {
          // Of numbers of which one is none, engines take any as the smallest; sums may leave the range of float32.
          const isOpen = (/^m/.test(kind) && Number.isNaN(result)) || scale > MAXIMUM_FLOAT32;
          return isOpen || isNear(data[unit] ?? NaN, result, scale * 1e-3 + 1e-5);
        });
      if (isRight) return [];
      const shown = expected.map(({ result }) => result);
      return [`${kind} of ${value} is ${[...data].slice(0, 4).join()}, not ${shown.slice(0, 4).join()}`];
    });
  });
}

/** @returns the number, and how large the numbers are that it was made of: what rounding is measured by. */
function reduced(kind: CheckedKind, numbers: readonly number[]): { readonly result: number; readonly scale: number } {
  const total = numbers.reduce((sum, each) => sum + Math.abs(each), 0);
  switch (kind) {
    case 'sum':
      return { result: numbers.reduce((sum, each) => sum + each, 0), scale: total };
    case 'absolute-sum':
      return { result: total, scale: total };
    case 'minimum':
      return { result: Math.min(...numbers), scale: total };
    case 'maximum':
      return { result: Math.max(...numbers), scale: total };
    case 'zero-count':
      return { result: numbers.filter((each) => each === 0).length, scale: 0 };
    case 'non-finite-count':
      return { result: numbers.filter((each) => !Number.isFinite(each)).length, scale: 0 };
  }
}

function isNear(actual: number, expected: number, slack: number): boolean {
  return Object.is(actual, expected) || actual === expected || Math.abs(actual - expected) <= slack;
}
