/**
 * The linear twin of a graph at the input of a run. Every node between two cuts is read as an affine function by the rule
 * table; from that one reading three graphs are written, all ordinary ONNX whose coefficients are computed in the graph,
 * beside the forward pass that they belong to (methods, section 0.1):
 *
 *   affine     f(x₀) again, by the linear system with its biases
 *   forward    A v, the biases off: columns
 *   transpose  Aᵀ u and what each bias adds to ⟨u, f⟩: rows and the ledger
 *
 * Values of the twin have one more, leading axis: the seeds of one run.
 */
import { problem } from '../../errors.js';
import type { ModelProto, ValueInfoProto } from '../../formats/onnx/onnx_pb.js';
import type { GraphNode } from '../../graph/graph.js';
import { elementCount } from '../../tensor/tensor.js';
import { graphWriter, type GraphWriter } from '../graph-writer.js';
import { makeNode, makeValueInfo } from '../nodes.js';
import { prune } from '../prune.js';
import { FLOAT_TYPES } from './calculator.js';
import { planSteps, type CutNode, type InexactNode, type Plan, type PlanRequest, type Step } from './plan.js';
import type { Reading, Term } from './rule.js';

export interface LinearizeRequest extends Omit<PlanRequest, 'writer' | 'reading'> {
  /** One reading for all nodes, or for each its own. */
  readonly reading: Reading | ((node: GraphNode) => Reading);
  /** Which biases the ledger has; all where nothing is said. */
  readonly books?: (bias: BookedBias) => boolean;
}

export type LinearPart = 'affine' | 'forward' | 'transpose';

/** A bias that is booked at a node: what an input that does not move adds, or the operator's own offset. */
export interface BookedBias {
  readonly node: GraphNode;
  /** Name of the input; undefined for the offset. */
  readonly value: string | undefined;
}

/** Names of inputs and outputs of the written graph, by the names of the values that they belong to. */
export type Names = ReadonlyMap<string, string>;

export interface LinearGraph {
  /** Takes the model's own inputs beside those of the parts. */
  readonly model: ModelProto;
  /** Directions, [seeds, ...shape] each, that `affine` and `forward` take: for `affine`, x₀ itself as the only seed. */
  readonly directions: Names;
  /** Results of `affine` and `forward` by end, [seeds, ...shape]. */
  readonly affine: Names;
  readonly forward: Names;
  /**
   * Seeds u of `transpose` by end, and its results by start and by value on the way; what no end depends on has none.
   */
  readonly seeds: Names;
  readonly transpose: Names;
  /** [seeds, biases]: what each of `biases` adds to ⟨u, f(x₀)⟩; undefined where nothing is booked. */
  readonly ledger: string | undefined;
}

export interface Linearization {
  /** The ends that depend on the start. */
  readonly reached: readonly string[];
  /** Nodes that were not read, with the values behind them that are held still. */
  readonly cutNodes: readonly CutNode[];
  /** Nodes whose map is not what they do near the input. */
  readonly inexact: readonly InexactNode[];
  /** In the order of the graph; the columns of the ledger. */
  readonly biases: readonly BookedBias[];
  /**
   * One graph with the parts asked for, which share the forward pass and the coefficients. Only `transpose` takes values
   * on the way for variables.
   * @param beside values of the forward pass that the graph gives besides.
   */
  write(parts: readonly LinearPart[], beside?: readonly string[]): LinearGraph;
}

/**
 * @param request a graph as `prepareForLinearize` makes it.
 * @throws ProblemError `not-applicable` when nothing leads from the start to the end, or a value on the way has no known
 *   size or no floating-point type.
 */
export function linearize(request: LinearizeRequest): Linearization {
  const { reading, graph } = request;
  const read = typeof reading === 'string' ? (): Reading => reading : reading;
  const plan = (writer: GraphWriter): Plan => planSteps({ ...request, reading: read, writer });
  const first = plan(graphWriter(graph.model));
  for (const value of [...request.from, ...request.to, ...(request.through ?? [])]) checkEnd(request, value);
  if (first.reached.length === 0) throw noPath(request, first);
  return {
    reached: first.reached,
    cutNodes: first.cutNodes,
    inexact: first.inexact,
    biases: first.steps.flatMap(biasesOf).filter(request.books ?? (() => true)),
    write(parts, beside = []) {
      const writer = graphWriter(graph.model);
      return writeParts(request, plan(writer), writer, parts, beside);
    },
  };
}

function checkEnd({ graph, shapes }: LinearizeRequest, value: string): void {
  const type = shapes.typeOf(value) ?? graph.valueInfo(value)?.type;
  const shape = shapes.shapeOf(value) ?? graph.valueInfo(value)?.shape;
  if (type !== undefined && FLOAT_TYPES[type] === undefined) {
    throw problem('not-applicable', `“${value}” holds ${type} numbers: no linear system starts or ends there.`, {
      place: `value “${value}”`,
      remedy: 'Choose the first value behind it that holds floating-point numbers.',
    });
  }
  if (shape?.every((size) => typeof size === 'number' && size > 0) === true) return;
  throw problem('not-applicable', `The size of “${value}” is not known or is 0.`, { place: `value “${value}”` });
}

/** Starts that a sentence names. */
const NAMED_STARTS = 4;

function noPath({ from, to, through = [], reading }: LinearizeRequest, { cutNodes }: Plan): Error {
  const [first] = cutNodes;
  const starts = [...from, ...through].slice(0, NAMED_STARTS).join('”, “');
  const because =
    first === undefined ? 'every way is held still at this input' : `${first.node.opType} is not read: ${first.reason}`;
  return problem('not-applicable', `Nothing leads from “${starts}” to “${to.join('”, “')}”.`, {
    ...(first === undefined ? {} : { place: `value “${first.values[0] ?? ''}”` }),
    remedy: `Choose other ends${reading === 'tangent' ? '' : ', or the tangent reading'}; ${because}.`,
  });
}

function biasesOf({ node, resting, offset }: Step): BookedBias[] {
  const held = resting.map((term) => restingBias(node, term));
  return offset === undefined ? held : [...held, { node, value: undefined }];
}

function restingBias(node: GraphNode, { input }: Term): BookedBias {
  return { node, value: node.inputs[input] ?? '' };
}

function writeParts(
  { graph, from, through = [], books = () => true }: LinearizeRequest,
  plan: Plan,
  writer: GraphWriter,
  parts: readonly LinearPart[],
  beside: readonly string[],
): LinearGraph {
  const inputs: ValueInfoProto[] = [];
  // Directions and seeds may differ in number: engines share memory between values whose open sizes have one name.
  const entering = (values: readonly string[], what: string): Map<string, string> =>
    new Map(
      values.map((value) => {
        const name = writer.node('Identity', [`${value} ${what}`]);
        inputs.push(makeValueInfo(`${value} ${what}`, plan.calc(value).type, [`${what}s`, ...plan.shape(value)]));
        return [value, name];
      }),
    );
  const named = (values: ReadonlyMap<string, string>, what: string): Names =>
    new Map(
      [...values].map(([value, name]) => {
        writer.add(makeNode('Identity', [name], [`${value} ${what}`]));
        return [value, `${value} ${what}`];
      }),
    );
  const wanted = new Set(parts);
  const offsets = onceEach();
  const goesForward = wanted.has('affine') || wanted.has('forward');
  const directions = goesForward ? entering(from, 'direction') : new Map<string, string>();
  const reached = (values: ReadonlyMap<string, string>) =>
    new Map(plan.reached.map((value) => [value, values.get(value) ?? '']));
  const affine = wanted.has('affine')
    ? named(reached(pushForward(plan, directions, true, offsets)), 'affine')
    : new Map<string, string>();
  const forward = wanted.has('forward')
    ? named(reached(pushForward(plan, directions, false, offsets)), 'forward')
    : new Map<string, string>();
  const seeds = wanted.has('transpose') ? entering(plan.reached, 'seed') : new Map<string, string>();
  const back = wanted.has('transpose') ? pullBack(plan, seeds, offsets, books) : { values: new Map(), columns: [] };
  const variables = [...new Set([...from, ...through])];
  const transpose = named(new Map(variables.flatMap((v) => entryOf(back.values, v))), 'transpose');
  const ledger = named(ledgerOf(plan, back.columns), 'of biases').get('ledger');
  const outputs = [
    ...affine.values(),
    ...forward.values(),
    ...transpose.values(),
    ...(ledger === undefined ? [] : [ledger]),
    ...beside,
  ];
  const model = writer.extend({
    ...graph.model,
    graph: { ...graph.proto, input: [...graph.proto.input, ...inputs] },
  });
  const inputNames = (values: ReadonlyMap<string, string>, what: string): Names =>
    new Map([...values.keys()].map((value) => [value, `${value} ${what}`]));
  return {
    model: prune(model, outputs),
    directions: inputNames(directions, 'direction'),
    affine,
    forward,
    seeds: inputNames(seeds, 'seed'),
    transpose,
    ledger,
  };
}

function entryOf(values: ReadonlyMap<string, string>, key: string): [string, string][] {
  const value = values.get(key);
  return value === undefined ? [] : [[key, value]];
}

/** Offsets are written once, whoever asks first. */
function onceEach(): (step: Step) => string | undefined {
  const made = new Map<Step, string | undefined>();
  return (step) => {
    if (!made.has(step)) made.set(step, step.offset?.());
    return made.get(step);
  };
}

/** x₀ as the only seed, in a floating-point type. */
function atInput({ calc, node }: Step, input: number, plan: Plan): string {
  const value = node.inputs[input] ?? '';
  return calc.reshape(plan.isFloat(value) ? value : calc.cast(value), [1, ...plan.shape(value)]);
}

/** In the order of the graph: each output is the sum of what its terms make of the values before. */
function pushForward(
  plan: Plan,
  directions: ReadonlyMap<string, string>,
  biased: boolean,
  offsets: (step: Step) => string | undefined,
): ReadonlyMap<string, string> {
  const values = new Map(directions);
  for (const step of plan.steps) {
    const { node, output, moving, resting, calc } = step;
    const parts = moving.map(({ input, map }) => map.forward(values.get(node.inputs[input] ?? '') ?? ''));
    if (biased) {
      parts.push(...resting.map(({ input, map }) => map.forward(atInput(step, input, plan))));
      const offset = offsets(step);
      if (offset !== undefined) parts.push(offset);
    }
    values.set(
      output,
      parts.reduce((sum, part) => calc.op('Add', sum, part)),
    );
  }
  return values;
}

/** Against the order: each output hands its sum back to the inputs of its terms, and to the biases. */
function pullBack(
  plan: Plan,
  seeds: ReadonlyMap<string, string>,
  offsets: (step: Step) => string | undefined,
  books: (bias: BookedBias) => boolean,
): { readonly values: Map<string, string>; readonly columns: string[] } {
  const values = new Map(seeds);
  const columns: string[][] = [];
  for (const step of [...plan.steps].reverse()) {
    const { node, output, moving, resting, calc } = step;
    const gradient = values.get(output) ?? '';
    for (const { input, map } of moving) {
      const value = node.inputs[input] ?? '';
      const part = map.transpose(gradient);
      const before = values.get(value);
      values.set(value, before === undefined ? part : calc.op('Add', before, part));
    }
    const held = resting
      .filter((term) => books(restingBias(node, term)))
      .map(({ input, map }) => {
        const value = node.inputs[input] ?? '';
        return inner(step, map.transpose(gradient), atInput(step, input, plan), elementCount(plan.shape(value)));
      });
    const offset = books({ node, value: undefined }) ? offsets(step) : undefined;
    if (offset !== undefined) held.push(inner(step, gradient, offset, elementCount(plan.shape(output))));
    columns.push(held);
  }
  return { values, columns: columns.reverse().flat() };
}

/** ⟨u, b⟩ for every seed: [seeds, 1]. What u does not reach adds nothing, also where a mask is −∞. */
function inner({ calc }: Step, u: string, bias: string, count: number): string {
  const reached = calc.op('Where', calc.op('Equal', u, 0), 0, bias);
  return calc.reduce('ReduceSum', calc.reshape(calc.op('Mul', u, reached), [-1, count]), [1], true);
}

function ledgerOf(plan: Plan, columns: readonly string[]): ReadonlyMap<string, string> {
  const [step] = plan.steps;
  if (columns.length === 0 || step === undefined) return new Map();
  const { calc } = step;
  return new Map([
    [
      'ledger',
      calc.with(
        'Concat',
        columns.map((column) => calc.cast(column)),
        { axis: 1 },
      ),
    ],
  ]);
}
