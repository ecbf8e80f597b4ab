/** The invariants of methods, section 0.1, held against one model at one input. */
import type { Engine, Session } from '../../src/core/engine/engine.js';
import { ProblemError } from '../../src/core/errors.js';
import type { RunnableModel } from '../../src/core/formats/onnx/runnable-model.js';
import { toRunnable } from '../../src/core/formats/onnx/serialize.js';
import { tensorToProto } from '../../src/core/formats/onnx/tensor-proto.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../src/core/formats/onnx/onnx_pb.js';
import type { Graph, GraphNode } from '../../src/core/graph/graph.js';
import { FLOAT_TYPES } from '../../src/core/rewrite/linearize/calculator.js';
import { linearize, type Linearization, type LinearGraph } from '../../src/core/rewrite/linearize/linearize.js';
import type { KnownShapes } from '../../src/core/rewrite/linearize/plan.js';
import { prepareForLinearize, shapesOfRun } from '../../src/core/rewrite/linearize/prepare.js';
import { unrollRecurrent } from '../../src/core/rewrite/linearize/unroll-recurrent.js';
import { writeOutBodies } from '../../src/core/rewrite/linearize/write-out-bodies.js';
import type { Reading } from '../../src/core/rewrite/linearize/rule.js';
import { makeValueInfo } from '../../src/core/rewrite/nodes.js';
import { prune } from '../../src/core/rewrite/prune.js';
import { decodeHalf, encodeHalf } from '../../src/core/tensor/half.js';
import { elementCount, type ElementType, type NamedTensors, type Tensor } from '../../src/core/tensor/tensor.js';

/** Seeds of one run. */
const SEEDS = 2;

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float64', 'float16']);

/** A model ready to be linearised at an input, and what it computes there. */
export interface Subject {
  readonly graph: Graph;
  readonly feeds: NamedTensors;
  readonly values: NamedTensors;
  readonly shapes: KnownShapes;
  readonly engine: Engine;
  readonly folder: string;
}

export async function openSubject(
  engine: Engine,
  model: ModelProto,
  folder: string,
  feeds: NamedTensors,
  whole: 'fed' | 'constant',
): Promise<Subject> {
  const fed = Object.entries(feeds).filter(([, { type }]) => whole === 'fed' || FLOATS.has(type));
  const { graph: prepared } = await writeOutBodies(
    prepareForLinearize(whole === 'fed' ? model : withConstants(model, feeds)),
    (deciding) => runOnce(engine, toRunnable(deciding, folder), Object.fromEntries(fed)),
  );
  const open = (graph: Graph): Promise<Subject> => observedSubject(engine, graph, folder, Object.fromEntries(fed));
  const subject = await open(prepared);
  const unrolled = unrollRecurrent(prepared, subject.shapes);
  return unrolled === prepared ? subject : open(unrolled);
}

async function observedSubject(engine: Engine, graph: Graph, folder: string, floats: NamedTensors): Promise<Subject> {
  const prepared = graph.model;
  const names = [
    ...new Set([...graph.inputs.map(({ name }) => name), ...graph.nodes.flatMap(({ outputs }) => outputs)]),
  ];
  const all = names.filter((name) => name !== '');
  const runnable = toRunnable(prune(prepared, all), folder);
  const types = await typesOf(engine, runnable);
  const readable = all.filter((name) => READABLE.has(types.get(name) ?? ''));
  const session = await openFor(engine, prune(prepared, readable), folder);
  try {
    let last: { readonly feeds: NamedTensors; readonly values: NamedTensors } | undefined;
    for (const nudge of NUDGES) {
      const nudged = nudgedFeeds(floats, nudge);
      const values = await session.run(used(session, nudged));
      last ??= { feeds: nudged, values };
      const ends = graph.outputs.flatMap(({ name }) => numbersOf(values[name]));
      if (!ends.every(Number.isFinite)) continue;
      last = { feeds: nudged, values };
      break;
    }
    const { feeds: chosen = floats, values = {} } = last ?? {};
    return { graph, feeds: chosen, values, shapes: shapesOfRun(values), engine, folder };
  } finally {
    await session.release();
  }
}

/** To fuse thousands of small nodes and plan their memory takes many times what it saves in a few runs. */
const MOST_FUSED = 2000;
const LONG = { optimization: 'folding', sharesMemory: false } as const;

function openFor(engine: Engine, model: ModelProto, folder: string): Promise<Session> {
  const isLong = (model.graph?.node.length ?? 0) > MOST_FUSED;
  return engine.open(toRunnable(model, folder), { threads: 1, ...(isLong ? LONG : {}) });
}

/**
 * Inputs of cases lie on kinks and ties: 0, 1, equal numbers. The first input is moved off them, by the first of these
 * that leaves everything finite.
 */
const NUDGES: readonly ((x: number, noise: number) => number)[] = [
  (x, noise) => x * (1 + 0.03 * noise) + 0.02 * noise,
  (x, noise) => x * (1 - 0.03 * Math.abs(noise)) - 0.001,
  (x, noise) => Math.abs(x) * (1 + 0.03 * Math.abs(noise)) + 0.01,
  (x) => x,
];

function nudgedFeeds(feeds: NamedTensors, nudge: (x: number, noise: number) => number): NamedTensors {
  const noise = randomNumbers(3);
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor], position): [string, Tensor] => {
      if (position > 0 || !FLOATS.has(tensor.type)) return [name, tensor];
      const finite = numbersOf(tensor).map((x) => (Number.isFinite(x) ? x : 0.5));
      return [
        name,
        tensorOf(
          tensor.type,
          tensor.dims,
          finite.map((x) => nudge(x, noise())),
        ),
      ];
    }),
  );
}

const READABLE: ReadonlySet<string> = new Set([
  ...FLOATS,
  ...['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'bool'],
]);

async function typesOf(engine: Engine, model: RunnableModel): Promise<ReadonlyMap<string, string | undefined>> {
  const session = await engine.open(model, { threads: 1, optimization: 'none' });
  const types = new Map(session.outputTypes.map(({ name, type }) => [name, type]));
  await session.release();
  return types;
}

/** What is no floating-point number is a parameter: indices, axes, sizes. */
function withConstants(model: ModelProto, feeds: NamedTensors): ModelProto {
  const { graph } = model;
  if (graph === undefined) return model;
  const fixed = Object.entries(feeds).filter(([, { type }]) => !FLOATS.has(type));
  const initializer = [...graph.initializer, ...fixed.map(([name, tensor]) => tensorToProto(name, tensor))];
  const input = graph.input.filter(({ name }) => !fixed.some(([each]) => each === name));
  return { ...model, graph: { ...graph, input, initializer } };
}

export async function runOnce(engine: Engine, model: RunnableModel, feeds: NamedTensors): Promise<NamedTensors> {
  const session = await engine.open(model, { threads: 1 });
  try {
    return await session.run(used(session, feeds));
  } finally {
    await session.release();
  }
}

function used(session: Session, feeds: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name)));
}

export interface Checked {
  readonly linearization: Linearization;
  /** What does not hold, in words. */
  readonly failures: readonly string[];
}

/** E1, E2 and E6 for one cut; with `differences` the columns against central differences, too. */
export async function checkCut(
  subject: Subject,
  from: readonly string[],
  to: readonly string[],
  reading: Reading | ((node: GraphNode) => Reading),
  differences: boolean,
): Promise<Checked> {
  const { graph, shapes, engine, folder, feeds, values } = subject;
  const linearization = linearize({ graph, shapes, from, to, reading });
  const written = linearization.write(['affine', 'forward', 'transpose']);
  const failures: string[] = [];
  const session = await openFor(engine, written.model, folder);
  try {
    const random = randomNumbers(7);
    const run = (directions: NamedTensors, seeds: NamedTensors): Promise<NamedTensors> =>
      session.run(used(session, { ...feeds, ...directions, ...seeds }));
    const stacked = (names: LinearGraph['seeds'], seedCount: number, fill: (value: string) => number[]): NamedTensors =>
      Object.fromEntries(
        [...names].map(([value, name]) => {
          const tensor = values[value] ?? feeds[value];
          const dims = [seedCount, ...(tensor?.dims ?? [])];
          return [name, tensorOf(tensor?.type ?? 'float32', dims, fill(value))];
        }),
      );
    const sizeOf = (value: string): number => elementCount((values[value] ?? feeds[value])?.dims ?? []);
    const noise = (value: string): number[] => Array.from({ length: SEEDS * sizeOf(value) }, random);
    const u = stacked(written.seeds, SEEDS, noise);
    const x = stacked(written.directions, 1, (value) => numbersOf(values[value] ?? feeds[value]));
    const atInput = await run(x, u);
    const tolerance = (sum: number): number => toleranceFor(subject, linearization.reached) * sum + 1e-5;

    // E6 and its scale: ⟨u, f⟩ = ⟨Aᵀu, x⟩ + Σ ledger.
    const scales: number[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      let sum = 0;
      let scale = 0;
      for (const [value, name] of written.transpose) {
        const row = rowOf(atInput[name], seed);
        const input = numbersOf(values[value] ?? feeds[value]);
        row.forEach((each, at) => {
          sum += each * (input[at] ?? 0);
          scale += Math.abs(each * (input[at] ?? 0));
        });
      }
      if (written.ledger !== undefined) {
        for (const each of rowOf(atInput[written.ledger], seed)) {
          sum += each;
          scale += Math.abs(each);
        }
      }
      let wanted = 0;
      for (const [value, name] of written.seeds) {
        const row = rowOf(u[name], seed);
        numbersOf(values[value]).forEach((each, at) => {
          wanted += each * (row[at] ?? 0);
          scale += Math.abs(each * (row[at] ?? 0));
        });
      }
      scales.push(scale);
      if (!(Math.abs(sum - wanted) <= tolerance(scale))) failures.push(`E6: ${sum} is not ${wanted} (of ${scale})`);
    }
    // E1: the system with its biases at x₀ is the model.
    const largest = Math.max(
      ...scales.map((scale) => scale / Math.sqrt(linearization.reached.reduce((n, v) => n + sizeOf(v), 0))),
    );
    for (const [value, name] of written.affine) {
      const got = numbersOf(atInput[name]);
      const want = numbersOf(values[value]);
      const worst = worstDifference(got, want, (w) => tolerance(Math.abs(w) + largest));
      if (worst !== undefined) failures.push(`E1: ${value}: ${worst}`);
      if (atInput[name]?.dims.slice(1).join() !== values[value]?.dims.join())
        failures.push(`E1: ${value} has another shape`);
    }
    // E2: ⟨A v, u⟩ = ⟨v, Aᵀ u⟩.
    const v = stacked(written.directions, SEEDS, noise);
    const outputs = await run(v, u);
    for (let seed = 0; seed < SEEDS; seed++) {
      const right = dot(written.transpose, outputs, written.directions, v, seed);
      const left = dot(written.forward, outputs, written.seeds, u, seed);
      const scale = left.scale + right.scale;
      if (!(Math.abs(left.sum - right.sum) <= tolerance(scale)))
        failures.push(`E2: ${left.sum} is not ${right.sum} (of ${scale})`);
    }
    const exact = Object.values(values).every(({ type }) => type !== 'float16') && linearization.inexact.length === 0;
    const whole = linearization.cutNodes.length === 0;
    if (differences && exact && whole) failures.push(...(await compareDifferences(subject, written, v, outputs)));
  } finally {
    await session.release();
  }
  return { linearization, failures };
}

/** Methods, section 0: 1e-4 of the summed terms for float32. */
function toleranceFor({ values }: Subject, ends: readonly string[]): number {
  const isHalf = Object.values(values).some(({ type }) => type === 'float16');
  return isHalf && ends.length > 0 ? 2e-2 : 1e-4;
}

function dot(
  names: LinearGraph['seeds'],
  tensors: NamedTensors,
  otherNames: LinearGraph['seeds'],
  others: NamedTensors,
  seed: number,
): { readonly sum: number; readonly scale: number } {
  let [sum, scale] = [0, 0];
  for (const [value, name] of names) {
    const other = rowOf(others[otherNames.get(value) ?? ''], seed);
    rowOf(tensors[name], seed).forEach((each, at) => {
      sum += each * (other[at] ?? 0);
      scale += Math.abs(each * (other[at] ?? 0));
    });
  }
  return { sum, scale };
}

/** Of the input; the narrow one stays above the noise of single precision. */
const STEPS = [1e-3, 2e-4];
/** Share of many places that may lie where a kink is closer than a step and changes both sides alike. */
const KINKED = 0.02;

/** A v against (f(x + hv) − f(x − hv)) / 2h; places where two steps disagree lie at a kink. */
async function compareDifferences(
  subject: Subject,
  written: LinearGraph,
  v: NamedTensors,
  outputs: NamedTensors,
): Promise<string[]> {
  const { graph, engine, folder, feeds, values } = subject;
  const ends = [...written.forward.keys()];
  const starts = new Map([...written.directions.keys()].map((start) => [start, values[start] ?? feeds[start]]));
  const freed = withFreeStarts(graph.model, starts);
  const session = await openFor(engine, prune(freed, ends), folder);
  const at = async (h: number): Promise<NamedTensors> => {
    const fed = [...Object.entries(feeds), ...starts];
    const moved = fed.map(([name, tensor = tensorOf('float32', [0], [])]): [string, Tensor] => {
      const direction = written.directions.get(name);
      if (direction === undefined) return [name, tensor];
      const row = rowOf(v[direction], 0);
      return [
        name,
        tensorOf(
          tensor.type,
          tensor.dims,
          numbersOf(tensor).map((each, i) => each + h * (row[i] ?? 0)),
        ),
      ];
    });
    return session.run(used(session, Object.fromEntries(moved)));
  };
  try {
    const middle = await at(0);
    const steps: Difference[] = [];
    for (const h of STEPS) steps.push({ h, above: await at(h), middle, below: await at(-h) });
    return ends.flatMap((value) => compareEnd(value, steps, rowOf(outputs[written.forward.get(value) ?? ''], 0)));
  } finally {
    await session.release();
  }
}

/** The model with its inner starts fed, as inputs are. */
function withFreeStarts(model: ModelProto, starts: ReadonlyMap<string, Tensor | undefined>): ModelProto {
  const { graph } = model;
  if (graph === undefined) return model;
  const known = new Set(graph.input.map(({ name }) => name));
  const inner = [...starts].filter(([name]) => !known.has(name));
  const names = new Set(inner.map(([name]) => name));
  const node = graph.node.map((each) => ({
    ...each,
    output: each.output.map((name) => (names.has(name) ? `${name} as computed` : name)),
  }));
  const input = inner.map(([name, tensor]) =>
    makeValueInfo(name, FLOAT_TYPES[tensor?.type ?? 'float32'] ?? DataType.FLOAT, tensor?.dims),
  );
  return { ...model, graph: { ...graph, node, input: [...graph.input, ...input] } };
}

interface Difference {
  readonly h: number;
  readonly above: NamedTensors;
  readonly middle: NamedTensors;
  readonly below: NamedTensors;
}

/** A kink is where the slopes of both sides or of both steps are not the same: there is no derivative to compare with. */
function compareEnd(value: string, steps: readonly Difference[], column: readonly number[]): string[] {
  const slopes = steps.map(({ h, above, middle, below }) => {
    const [low, centre, high] = [below, middle, above].map((values) => numbersOf(values[value]));
    return column.map((_, i) => ({
      left: ((centre?.[i] ?? NaN) - (low?.[i] ?? NaN)) / h,
      right: ((high?.[i] ?? NaN) - (centre?.[i] ?? NaN)) / h,
      whole: ((high?.[i] ?? NaN) - (low?.[i] ?? NaN)) / (2 * h),
    }));
  });
  const [wide = [], narrow = []] = slopes;
  const sizes = [...column, ...numbersOf(steps[0]?.middle[value]), 1e-3].filter(Number.isFinite).map(Math.abs);
  const size = sizes.reduce((largest, each) => Math.max(largest, each));
  const bad = column.flatMap((each, i) => {
    const [far, near] = [wide[i], narrow[i]];
    if (far === undefined || near === undefined || !Number.isFinite(near.whole)) return [];
    if (Math.abs(far.whole - near.whole) > 0.01 * size || Math.abs(near.left - near.right) > 0.01 * size) return [];
    return Math.abs(each - near.whole) <= 0.02 * size ? [] : [`${each} is not ${near.whole}`];
  });
  return bad.length <= Math.floor(KINKED * column.length)
    ? []
    : [`differences: ${value}: ${bad.length} of ${column.length}: ${bad[0] ?? ''}`];
}

function worstDifference(
  got: readonly number[],
  want: readonly number[],
  allowed: (wanted: number) => number,
): string | undefined {
  if (got.length !== want.length) return `${got.length} values, not ${want.length}`;
  const at = got.findIndex((each, i) => {
    const wanted = want[i] ?? NaN;
    return !Object.is(each, wanted) && each !== wanted && !(Math.abs(each - wanted) <= allowed(wanted));
  });
  return at < 0 ? undefined : `[${at}] ${got[at] ?? NaN} is not ${want[at] ?? NaN}`;
}

function rowOf(tensor: Tensor | undefined, row: number): number[] {
  const all = numbersOf(tensor);
  const length = all.length / (tensor?.dims[0] ?? 1);
  return all.slice(row * length, (row + 1) * length);
}

export function numbersOf(tensor: Tensor | undefined): number[] {
  if (tensor === undefined || tensor.type === 'string') return [];
  const numbers = Array.from(tensor.data as Iterable<number | bigint>, Number);
  return tensor.type === 'float16' ? numbers.map(decodeHalf) : numbers;
}

export function tensorOf(type: ElementType, dims: readonly number[], values: readonly number[]): Tensor {
  if (type === 'float64') return { type, dims, data: Float64Array.from(values) };
  if (type === 'float16') return { type, dims, data: Uint16Array.from(values, encodeHalf) };
  return { type: 'float32', dims, data: Float32Array.from(values) };
}

/** Seeded, between −1 and 1. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** Aᵀ u for one seed, by start; and the seed is the same for every model with ends of the same sizes. */
export async function rowsOf(
  subject: Subject,
  from: readonly string[],
  to: readonly string[],
  reading: Reading,
): Promise<readonly number[][]> {
  const { graph, shapes, engine, folder, feeds, values } = subject;
  const written = linearize({ graph, shapes, from, to, reading }).write(['transpose']);
  const random = randomNumbers(11);
  const seeds = to.map((value): [string, Tensor] => {
    const { type, dims } = values[value] ?? { type: 'float32', dims: [] };
    return [
      written.seeds.get(value) ?? '',
      tensorOf(type, [1, ...dims], Array.from({ length: elementCount(dims) }, random)),
    ];
  });
  const outputs = await runOnce(engine, toRunnable(written.model, folder), { ...feeds, ...Object.fromEntries(seeds) });
  return from.map((value) => numbersOf(outputs[written.transpose.get(value) ?? '']));
}

export function isDeclined(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.problem.kind === 'not-applicable';
}
