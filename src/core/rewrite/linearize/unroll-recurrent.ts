/**
 * Recurrent operators written out step by step, so that their gates are read like any other product: LSTM, GRU and RNN of
 * known length. Equations: the ONNX operators of those names, version 14 and later.
 */
import { TensorProto_DataType as DataType, type NodeProto } from '../../formats/onnx/onnx_pb.js';
import { attributeFloat, attributeInt, attributeString, attributeStrings } from '../../graph/attributes.js';
import { integerConstants } from '../../graph/constants.js';
import { createGraph, type Graph, type GraphNode } from '../../graph/graph.js';
import { graphWriter, type GraphWriter } from '../graph-writer.js';
import { makeNode } from '../nodes.js';
import { FLOAT_TYPES } from './calculator.js';
import type { KnownShapes } from './plan.js';

/**
 * Steps that are written out in one graph, directions counted apart. Opening a graph takes the engine longer than in
 * proportion to its nodes: with 14 layers of 33 steps (31,000 nodes once linearised) minutes, with 80 steps seconds.
 */
const MOST_STEPS = 128;

interface Kind {
  readonly gates: number;
  readonly activations: readonly string[];
  readonly step: (cell: Cell, at: Step) => State;
}

const KINDS: Readonly<Record<string, Kind>> = {
  LSTM: { gates: 4, activations: ['Sigmoid', 'Tanh', 'Tanh'], step: lstmStep },
  GRU: { gates: 3, activations: ['Sigmoid', 'Tanh'], step: gruStep },
  RNN: { gates: 1, activations: ['Tanh'], step: rnnStep },
};

/** Functions that need no parameters, or whose standard ones are those of the operator of the same name. */
const ACTIVATIONS: ReadonlySet<string> = new Set(['Sigmoid', 'Tanh', 'Relu', 'Softsign', 'Softplus']);

/**
 * The graph with its recurrent operators written out where that is known how to: up to 128 steps in all, sequences of
 * full length, without clipping. Others stay as they are, and are named as not read. Every value keeps its name; new
 * ones have no known shapes yet.
 * @param shapes of the values at the input of the run; the graph is the same for every input of these sizes.
 */
export function unrollRecurrent(graph: Graph, shapes: KnownShapes): Graph {
  const recurrent = graph.nodes.filter(({ domain, opType }) => domain === '' && KINDS[opType] !== undefined);
  const steps = recurrent.map((node) => stepsOf(node, graph, shapes));
  if (steps.reduce((sum, each) => sum + each, 0) > MOST_STEPS) return graph;
  const writer = graphWriter(graph.model);
  const replaced = new Set(recurrent.filter((node) => unroll(node, graph, shapes, writer)).map(({ proto }) => proto));
  if (replaced.size === 0) return graph;
  const extended = writer.extend(graph.model);
  const nodes = extended.graph?.node.filter((each) => !replaced.has(each)) ?? [];
  const ordered = (node: readonly NodeProto[]): Graph =>
    createGraph({ ...extended, graph: { ...(extended.graph ?? graph.proto), node: [...node] } });
  // What was written stands behind what reads it: engines and the walk take nodes in order.
  return ordered(ordered(nodes).order.map(({ proto }) => proto));
}

interface State {
  readonly hidden: string;
  readonly cell: string;
}

/** One direction: its weights, and how to write arithmetic. */
interface Cell {
  readonly writer: GraphWriter;
  readonly node: GraphNode;
  readonly activations: readonly string[];
  /** Recurrent weights, transposed: [hidden, gates · hidden]; and the bias beside them, [gates · hidden]. */
  readonly recurrent: string;
  readonly recurrentBias: string;
  /** Peepholes of an LSTM: from the cell to the gates i, o and f. */
  readonly peepholes: readonly string[];
  part(value: string, gate: number, count: number, axis: number): string;
}

interface Step extends State {
  /** X Wᵀ + Wb at this step: [batch, gates · hidden]. */
  readonly input: string;
}

/** Steps of a node over all its directions; 0 where they are not known. */
function stepsOf(node: GraphNode, graph: Graph, shapes: KnownShapes): number {
  const [x = '', , r = ''] = node.inputs;
  const length = shapes.shapeOf(x)?.[attributeInt(node, 'layout') === 1 ? 1 : 0] ?? 0;
  return length * (shapeOf(r, graph, shapes)?.[0] ?? 1);
}

/** @returns whether the node was written out. */
function unroll(node: GraphNode, graph: Graph, shapes: KnownShapes, writer: GraphWriter): boolean {
  const kind = node.domain === '' ? KINDS[node.opType] : undefined;
  const [x = '', w = '', r = '', b = '', lengths = '', startHidden = '', startCell = '', peephole = ''] = node.inputs;
  const [inputShape, recurrentShape] = [shapes.shapeOf(x), shapeOf(r, graph, shapes)];
  if (kind === undefined || inputShape === undefined || recurrentShape === undefined) return false;
  const batchFirst = attributeInt(node, 'layout') === 1;
  const [length = 0, batch = 0] = batchFirst ? [inputShape[1], inputShape[0]] : inputShape;
  const [directions = 1, , size = 0] = recurrentShape;
  const activations =
    attributeStrings(node, 'activations') ?? Array.from({ length: directions }, () => kind.activations).flat();
  const isWhole = lengths === '' || integerConstants(graph, lengths)?.every((each) => each === length) === true;
  const isPlain = isWhole && attributeFloat(node, 'clip') === undefined && attributeInt(node, 'input_forget') !== 1;
  const type = FLOAT_TYPES[shapes.typeOf(x) ?? ''];
  if (!isPlain || type !== DataType.FLOAT || length === 0 || batch === 0) return false;
  if (!activations.every((name) => ACTIVATIONS.has(name))) return false;

  const { gates } = kind;
  const op = (opType: string, ...inputs: string[]): string => writer.node(opType, inputs);
  const at = (value: string, index: number, axis: number): string =>
    writer.node('Gather', [value, writer.int(index)], { axis });
  const part: Cell['part'] = (value, gate, count, axis) => {
    const [start, end] = [gate * size, (gate + count) * size].map((place) => writer.ints([place]));
    return op('Slice', value, start ?? '', end ?? '', writer.ints([axis]));
  };
  const zeros = (): string => op('Expand', writer.float(0), writer.ints([batch, size]));
  const startOf = (value: string, direction: number): string =>
    value === '' ? zeros() : at(value, direction, batchFirst ? 1 : 0);
  const order = attributeString(node, 'direction') ?? 'forward';
  const sequence = batchFirst ? writer.node('Transpose', [x], { perm: [1, 0, 2] }) : x;
  const results = Array.from({ length: directions }, (_, direction) => {
    const backwards = order === 'reverse' || direction === 1;
    const weights = writer.node('Transpose', [at(w, direction, 0)], { perm: [1, 0] });
    const bias = b === '' ? '' : at(b, direction, 0);
    const product = op('MatMul', sequence, weights);
    const inputs = bias === '' ? product : op('Add', product, part(bias, 0, gates, 0));
    const peepholes = peephole === '' ? [] : [0, 1, 2].map((gate) => part(at(peephole, direction, 0), gate, 1, 0));
    const cell: Cell = {
      writer,
      node,
      activations: activations.slice(direction * kind.activations.length),
      recurrent: writer.node('Transpose', [at(r, direction, 0)], { perm: [1, 0] }),
      recurrentBias: bias === '' ? '' : part(bias, gates, gates, 0),
      peepholes,
      part,
    };
    let state: State = { hidden: startOf(startHidden, direction), cell: startOf(startCell, direction) };
    const hidden: string[] = [];
    for (let step = 0; step < length; step++) {
      const place = backwards ? length - 1 - step : step;
      state = kind.step(cell, { ...state, input: at(inputs, place, 0) });
      hidden[place] = op('Unsqueeze', state.hidden, writer.ints([0]));
    }
    return { all: writer.node('Concat', hidden, { axis: 0 }), last: state };
  });

  // [length, directions, batch, size] and [directions, batch, size]; with `layout` 1 the batch comes first.
  const stacked = (values: readonly string[], axis: number): string =>
    writer.node(
      'Concat',
      values.map((value) => op('Unsqueeze', value, writer.ints([axis]))),
      { axis },
    );
  const finished = (value: string, perm: readonly number[], output: string | undefined): void => {
    if (output === undefined || output === '') return;
    writer.add(
      batchFirst ? makeNode('Transpose', [value], [output], { perm }) : makeNode('Identity', [value], [output]),
    );
  };
  const [y, lastHidden, lastCell] = node.outputs;
  finished(
    stacked(
      results.map(({ all }) => all),
      1,
    ),
    [2, 0, 1, 3],
    y,
  );
  finished(
    stacked(
      results.map(({ last }) => last.hidden),
      0,
    ),
    [1, 0, 2],
    lastHidden,
  );
  finished(
    stacked(
      results.map(({ last }) => last.cell),
      0,
    ),
    [1, 0, 2],
    lastCell,
  );
  return true;
}

function shapeOf(value: string, graph: Graph, shapes: KnownShapes): readonly number[] | undefined {
  const stated = graph.valueInfo(value)?.shape;
  const isKnown = stated?.every((size) => typeof size === 'number') === true;
  return shapes.shapeOf(value) ?? (isKnown ? (stated as readonly number[]) : undefined);
}

/** H Rᵀ + Rb. */
function recurrence({ writer, recurrent, recurrentBias }: Cell, hidden: string): string {
  const product = writer.node('MatMul', [hidden, recurrent]);
  return recurrentBias === '' ? product : writer.node('Add', [product, recurrentBias]);
}

/** Gates i, o, f, c: C = f ⊙ C + i ⊙ g(c), H = o ⊙ h(C). */
function lstmStep(cell: Cell, { input, hidden, cell: before }: Step): State {
  const { writer, activations, peepholes, part } = cell;
  const [f = 'Sigmoid', g = 'Tanh', h = 'Tanh'] = activations;
  const op = (opType: string, ...inputs: string[]): string => writer.node(opType, inputs);
  const sums = op('Add', input, recurrence(cell, hidden));
  const gate = (index: number, seen: string): string => {
    const own = part(sums, index, 1, 1);
    const peephole = peepholes[index];
    return op(f, peephole === undefined ? own : op('Add', own, op('Mul', seen, peephole)));
  };
  const after = op('Add', op('Mul', gate(2, before), before), op('Mul', gate(0, before), op(g, part(sums, 3, 1, 1))));
  return { hidden: op('Mul', gate(1, after), op(h, after)), cell: after };
}

/** Gates z, r, h: H = (1 − z) ⊙ g(h) + z ⊙ H; r is applied to H, or behind the product with the weights. */
function gruStep(cell: Cell, { input, hidden, cell: unused }: Step): State {
  const { writer, node, activations, recurrent, recurrentBias, part } = cell;
  const [f = 'Sigmoid', g = 'Tanh'] = activations;
  const op = (opType: string, ...inputs: string[]): string => writer.node(opType, inputs);
  const behind = attributeInt(node, 'linear_before_reset') === 1;
  const back = recurrence(cell, hidden);
  const gate = (index: number): string => op(f, op('Add', part(input, index, 1, 1), part(back, index, 1, 1)));
  const [update, reset] = [gate(0), gate(1)];
  const own = (): string => {
    const product = op('MatMul', op('Mul', reset, hidden), part(recurrent, 2, 1, 1));
    return recurrentBias === '' ? product : op('Add', product, part(recurrentBias, 2, 1, 0));
  };
  const through = behind ? op('Mul', reset, part(back, 2, 1, 1)) : own();
  const fresh = op(g, op('Add', part(input, 2, 1, 1), through));
  const kept = op('Mul', update, hidden);
  return { hidden: op('Add', op('Mul', op('Sub', writer.float(1), update), fresh), kept), cell: unused };
}

/** H = f(X Wᵀ + H Rᵀ + b). */
function rnnStep(cell: Cell, { input, hidden, cell: unused }: Step): State {
  const [f = 'Tanh'] = cell.activations;
  return { hidden: cell.writer.node(f, [cell.writer.node('Add', [input, recurrence(cell, hidden)])]), cell: unused };
}
