/**
 * Bounds of all targets of a network over a box, one after the other: intervals from what is known before, intersected with
 * CROWN where that is affordable. What is known of a target narrows the relaxations of all that come after it.
 */
import { throwIfCancelled } from '../../../errors.js';
import type { Engine, Session } from '../../../engine/engine.js';
import type { RunnableModel } from '../../../formats/onnx/runnable-model.js';
import type { ModelProto } from '../../../formats/onnx/onnx_pb.js';
import { elementCount, type NamedTensors, type Tensor } from '../../../tensor/tensor.js';
import { inSingle, intersected, isBounded, isMasked, unbounded, type Box, type Ends } from './box.js';
import { inputsOf } from './plan.js';
import type { Bounds, BoundsGraph } from './write-bounds.js';

/** Multiplications that CROWN may take for all targets together: some seconds of a core. */
export const CROWN_BUDGET = 5e10;
/** Coefficients of one run, at most. */
const MOST_COEFFICIENTS = 2 ** 23;

export interface BoundsRunOptions {
  readonly engine: Engine;
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  /** The model's own inputs, for what is computed from them and does not move. */
  readonly feeds: NamedTensors;
  /** Multiplications that CROWN may take for one box; 0 for intervals alone. */
  readonly crownBudget: number;
  /** Targets that CROWN looks at as far as the budget goes; without, all of them. */
  readonly crownTargets?: ReadonlySet<string>;
  readonly threads: number;
}

export interface TargetBounds extends Ends {
  /** `crown`: intersected with intervals, as always. */
  readonly method: 'crown' | 'intervals';
}

export interface BoxBounds {
  readonly targets: ReadonlyMap<string, TargetBounds>;
  /** By start and element: how much its width widens the bounds of the targets that CROWN looked at, all together. */
  readonly influence: ReadonlyMap<string, Float64Array>;
  /** Upper bounds of rows asked for. */
  readonly rows: ReadonlyMap<string, Float64Array>;
}

/** Rows Λ over a target, [rows, elements]: upper bounds of Λ · target are wanted. */
export type Rows = ReadonlyMap<string, Float32Array>;

export interface BoundsRun {
  /**
   * @param around what is known of a box that this one lies in: it holds here, too. CROWN alone may lose on part of a box
   * what it proved of the whole, since lines are chosen anew.
   * @throws ProblemError as engines do; CancelledError.
   */
  bound(box: Box, rows: Rows, signal: AbortSignal, around?: BoxBounds): Promise<BoxBounds>;
  release(): Promise<void>;
}

interface Stage {
  readonly targets: readonly string[];
  readonly graph: BoundsGraph;
  readonly session: Session;
}

/** Opens one graph for each target that CROWN looks at, and one for each group of others between them. */
export async function openBounds(bounds: Bounds, options: BoundsRunOptions): Promise<BoundsRun> {
  const { engine, toRunnable, threads, feeds } = options;
  const stages: Stage[] = [];
  const run: BoundsRun = {
    bound: boundBox,
    async release() {
      for (const { session } of stages) await session.release();
    },
  };
  const known: string[] = [];
  try {
    for (const { targets, method } of stagesOf(bounds, options)) {
      const graph = bounds.write(targets, known, method);
      stages.push({ targets, graph, session: await engine.open(toRunnable(graph.model), { threads }) });
      known.push(...targets);
    }
  } catch (error) {
    await run.release();
    throw error;
  }
  const before = directlyBefore(bounds);
  const largest = Math.max(...bounds.steps.map(({ output }) => elementCount(bounds.shape(output))));
  return run;

  async function boundBox(box: Box, rows: Rows, signal: AbortSignal, around?: BoxBounds): Promise<BoxBounds> {
    const targets = new Map<string, TargetBounds>();
    const influence = new Map<string, Float64Array>();
    const bound = new Map<string, Float64Array>();
    const given = new Map<string, Ends>(box);
    for (const stage of stages) {
      throwIfCancelled(signal);
      const fed = feedsOf(stage, given);
      const open = stage.targets.filter((target) => !isLost(target));
      const [first = ''] = open;
      if (open.length === 0) {
        for (const target of stage.targets) remember(target, unbounded(countOf(target)), 'intervals');
      } else if (stage.graph.crown === undefined) {
        const outputs = await stage.session.run(fed);
        // One after the other: what is behind an unbounded one is unbounded, whatever the engine makes of it.
        for (const target of stage.targets) {
          const ends = isLost(target) ? unbounded(countOf(target)) : endsOf(outputs, stage.graph, target);
          remember(target, ends, 'intervals');
        }
      } else {
        const count = countOf(first);
        const both = await through(stage, fed, 2 * count, (row, into) => {
          into[row >> 1] = row % 2 === 0 ? 1 : -1;
        });
        for (const [start, each] of both.influence) add(influence, start, each);
        const lines = {
          upper: Float64Array.from({ length: count }, (_, at) => both.bound[2 * at] ?? Infinity),
          lower: Float64Array.from({ length: count }, (_, at) => -(both.bound[2 * at + 1] ?? Infinity)),
        };
        remember(first, intersected(endsOf(both.outputs, stage.graph, first), finite(lines)), 'crown');
        const asked = rows.get(first);
        if (asked === undefined) continue;
        const found = await through(stage, fed, asked.length / count, (row, into) => {
          into.set(asked.subarray(row * count, (row + 1) * count));
        });
        const known = around?.rows.get(first);
        bound.set(
          first,
          known === undefined ? found.bound : found.bound.map((each, at) => Math.min(each, known[at] ?? each)),
        );
      }
    }
    return { targets, influence, rows: bound };

    function remember(target: string, found: Ends, method: TargetBounds['method']): void {
      const known = around?.targets.get(target);
      const ends = known === undefined ? found : intersected(found, known);
      targets.set(target, { ...ends, method });
      given.set(target, ends);
    }
    /** Whether something that a target is computed from has no bounds. */
    function isLost(target: string): boolean {
      return (before.get(target) ?? []).some((value) => {
        const found = targets.get(value);
        return found !== undefined && !isBounded(found);
      });
    }

    /** Bounds rows that `fill` makes, as many at a time as there is room for. */
    async function through(
      stage: Stage,
      fed: NamedTensors,
      total: number,
      fill: (row: number, into: Float32Array) => void,
    ): Promise<Rowed> {
      const [target = ''] = stage.targets;
      const { crown } = stage.graph;
      const count = countOf(target);
      const chunk = Math.max(1, Math.min(total, Math.floor(MOST_COEFFICIENTS / largest)));
      const result = new Float64Array(total);
      const widened = new Map<string, Float64Array>();
      let any: NamedTensors = {};
      for (let first = 0; crown !== undefined && first < total; first += chunk) {
        throwIfCancelled(signal);
        const size = Math.min(chunk, total - first);
        const data = new Float32Array(size * count);
        for (let row = 0; row < size; row++) fill(first + row, data.subarray(row * count, (row + 1) * count));
        any = await stage.session.run({ ...fed, ...rowsFeed(crown.rows, target, data) });
        result.set(numbersOf(any[crown.bound]), first);
        for (const [start, name] of crown.influence) add(widened, start, numbersOf(any[name]));
      }
      return { bound: result, influence: widened, outputs: any };
    }
  }

  function feedsOf({ graph, session }: Stage, given: ReadonlyMap<string, Ends>): NamedTensors {
    const used = new Set(session.inputNames);
    const named = [...graph.given].flatMap(([value, { lower, upper }]): [string, Tensor][] => {
      if (!used.has(lower) && !used.has(upper)) return [];
      const dims = [1, ...bounds.shape(value)];
      const ends = inSingle(given.get(value) ?? unbounded(elementCount(dims)));
      return [
        [lower, { type: 'float32', dims, data: ends.lower }],
        [upper, { type: 'float32', dims, data: ends.upper }],
      ];
    });
    return Object.fromEntries([...Object.entries(feeds), ...named].filter(([name]) => used.has(name)));
  }

  function rowsFeed(name: string, target: string, data: Float32Array): NamedTensors {
    const shape = bounds.shape(target);
    return { [name]: { type: 'float32', dims: [data.length / elementCount(shape), ...shape], data } };
  }

  function countOf(target: string): number {
    return elementCount(bounds.shape(target));
  }
}

interface Rowed {
  readonly bound: Float64Array;
  readonly influence: ReadonlyMap<string, Float64Array>;
  /** Of one of the runs: intervals are the same in all. */
  readonly outputs: NamedTensors;
}

function endsOf(outputs: NamedTensors, { intervals }: BoundsGraph, target: string): Ends {
  const { lower = '', upper = '' } = intervals.get(target) ?? {};
  return finite({ lower: numbersOf(outputs[lower]), upper: numbersOf(outputs[upper]) });
}

/** What is no number says nothing. Changes the given ends. */
function finite(ends: Ends): Ends {
  for (let at = 0; at < ends.lower.length; at++) {
    if (isMasked(ends, at)) continue;
    if (!Number.isFinite(ends.lower[at])) ends.lower[at] = -Infinity;
    if (!Number.isFinite(ends.upper[at])) ends.upper[at] = Infinity;
  }
  return ends;
}

function numbersOf(tensor: Tensor | undefined): Float64Array {
  return new Float64Array((tensor?.data ?? []) as ArrayLike<number>);
}

function add(into: Map<string, Float64Array>, key: string, values: Float64Array): void {
  const before = into.get(key);
  into.set(key, before === undefined ? values : before.map((value, at) => value + (values[at] ?? 0)));
}

/** Targets that each target is computed from, through nothing but steps between them. */
function directlyBefore({ steps, targets }: Bounds): ReadonlyMap<string, readonly string[]> {
  const known = new Set(targets);
  const sources = new Map<string, readonly string[]>();
  const before = new Map<string, readonly string[]>();
  for (const step of steps) {
    const from = inputsOf(step).flatMap((value) => (known.has(value) ? [value] : (sources.get(value) ?? [])));
    sources.set(step.output, [...new Set(from)]);
    if (known.has(step.output)) before.set(step.output, [...new Set(from)]);
  }
  return before;
}

/** CROWN for targets in the order of the graph while it is affordable; others are bounded in one run with their neighbours. */
function stagesOf(
  bounds: Bounds,
  { crownBudget, crownTargets }: BoundsRunOptions,
): readonly { readonly targets: readonly string[]; readonly method: 'intervals' | 'crown' }[] {
  let left = crownBudget;
  const stages: { targets: string[]; method: 'intervals' | 'crown' }[] = [];
  for (const target of bounds.targets) {
    const isWanted = left > 0 && crownTargets?.has(target) !== false;
    const work = isWanted ? 2 * elementCount(bounds.shape(target)) * workBefore(bounds, target) : Infinity;
    const method = work <= left ? 'crown' : 'intervals';
    if (method === 'crown') left -= work;
    const last = stages.at(-1);
    if (method === 'intervals' && last?.method === 'intervals') last.targets.push(target);
    else stages.push({ targets: [target], method });
  }
  return stages;
}

function workBefore({ steps, shape }: Bounds, target: string): number {
  const wanted = new Set([target]);
  let work = 0;
  for (const step of [...steps].reverse()) {
    if (!wanted.has(step.output)) continue;
    work += step.kind === 'affine' ? step.work : elementCount(shape(step.output));
    for (const input of inputsOf(step)) wanted.add(input);
  }
  return work;
}
