/** A linear system at one input: f(x₀) = A x₀ + r between two values of a model (methods, section A). */
import { displayText } from '../display-text.js';
import { problem, throwIfCancelled } from '../errors.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import { nodeId } from '../graph/item-ids.js';
import { beforeSoftmax } from '../rewrite/linearize/ends.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { SystemDescription, SystemEnd, SystemLayer, SystemNode } from './description.js';
import { largestResidual, TOLERANCE } from './exactness.js';
import { floatsOf } from '../tensor/floats.js';
import {
  hasChannelsLast,
  inward,
  layoutOf,
  outward,
  placeInValue,
  unitValue,
  type Laid,
  type SystemLayout,
} from './layout.js';
import { ledgerOf } from './ledger.js';
import { firstNotFinite } from './not-finite.js';
import { labelledValue } from './labelled-value.js';
import { ownersIn } from './owners.js';
import { powerIteration, type PowerOptions, type SingularTriplet } from './power-iteration.js';
import type { Coefficients, GraphEnd, SystemGraphs, SystemModel } from './system-graphs.js';
import { absoluteSum, voteOf, type Vote } from './vote.js';

/** What is known of a model beside its graph. */
export interface SystemContext {
  /** The graph as the file has it: what is told of nodes is told of its nodes. */
  readonly original: Graph;
  /** Where a node is, fit to be shown. */
  readonly placeOf: (node: GraphNode) => string;
  /** Elements of the batch axis that the graph demands; 1 where it leaves it open. */
  readonly batch: number;
  /** Names of classes, for an end that has one number for each. */
  readonly classes: readonly string[];
  /** Order of axes that somebody stated for an input. */
  readonly layoutOf: (input: string) => 'nchw' | 'nhwc' | undefined;
}

/** Arrays come and go in the order of the ends' layouts. */
export interface LinearSystem {
  /** Rows of the bias ledger. */
  readonly layers: readonly SystemLayer[];
  /** How the start's numbers lie. */
  readonly layout: SystemLayout;
  /**
   * Computed once, with the exactness.
   * @throws ProblemError `not-applicable` when numbers on the way are not finite; CancelledError.
   */
  describe(signal?: AbortSignal): Promise<SystemDescription>;
  /** Rows of some outputs, times the input, with the ledger of each. */
  votes(outputs: readonly number[], signal?: AbortSignal): Promise<readonly Vote[]>;
  /** Aᵀ u; u is 1 at one output, or any pattern over the end. */
  row(output: number | Float32Array): Promise<Float32Array>;
  /** A v; v is 1 at one element of the start, or any pattern over it. */
  column(input: number | Float32Array): Promise<Float32Array>;
  singular(options: PowerOptions): Promise<readonly SingularTriplet[]>;
}

/** A vocabulary in a model may be filled up to a round number. */
const PADDED_TO = 128;

/** Whether names of classes are those of an end's elements: of one of the model's outputs, or of what its softmax reads. */
function namesElements(classes: readonly string[], graph: Graph, value: string, layout: SystemLayout): boolean {
  if (!graph.outputs.some(({ name }) => name === value || beforeSoftmax(graph, name) === value)) return false;
  if (layout.kind === 'vector') return classes.length === layout.size;
  const unnamed = layout.kind === 'sequence' ? layout.width - classes.length : NaN;
  return unnamed >= 0 && unnamed < PADDED_TO;
}

/** One forward pass. @throws ProblemError as runs do; CancelledError. */
export async function systemAt(
  graphs: SystemGraphs,
  model: SystemModel,
  context: SystemContext,
  feeds: NamedTensors,
  signal?: AbortSignal,
): Promise<LinearSystem> {
  const { graph, linearization } = graphs;
  const at = await graphs.coefficients(feeds);
  throwIfCancelled(signal);
  const [start, end] = [floatsOf(at.start), floatsOf(at.end)];
  const [from, to] = [graphs.from, graphs.to].map((each) => laidEnd(each, graphs, context));
  if (from === undefined || to === undefined) throw new Error('A system has two ends.');
  const ledger = ledgerOf(linearization.biases, ownersIn(context.original, graph));

  /** Rows of several outputs, given by their places in the value. */
  const rowsAt = async (places: readonly number[], cancel: AbortSignal | undefined): Promise<readonly Row[]> => {
    const rows: Row[] = [];
    for (let first = 0; first < places.length; first += graphs.seedsPerRun) {
      throwIfCancelled(cancel);
      const some = places.slice(first, first + graphs.seedsPerRun);
      const seeds = new Float32Array(some.length * to.total);
      some.forEach((place, seed) => (seeds[seed * to.total + place] = 1));
      const results = await graphs.transpose(at, seeds);
      const values = floatsOf(results.rows);
      const booked = results.ledger === undefined ? new Float32Array() : floatsOf(results.ledger);
      const biases = linearization.biases.length;
      some.forEach((_, seed) =>
        rows.push({ values, offset: seed * from.total, ledger: ledger.byNode(booked, seed * biases) }),
      );
    }
    return rows;
  };
  const layers = ledger.nodes.map((node) => ({ label: context.placeOf(node), item: nodeId(node) }));
  const describe = async (cancel: AbortSignal | undefined): Promise<SystemDescription> => {
    const tolerance = isHalf(graphs) ? TOLERANCE.half : TOLERANCE.single;
    const residual = await largestResidual({
      system: floatsOf(await graphs.affine(at)),
      model: end,
      tolerance,
      atOnce: graphs.seedsPerRun,
      termsOf: async (places) => (await rowsAt(places, cancel)).map((row) => termsOf(row, start)),
      signal: cancel,
    });
    if (!Number.isFinite(residual)) throw await notFinite(graphs, model, feeds);
    const told = nodeTeller(graphs, context);
    const cut = told(linearization.cutNodes);
    const inexact = told(linearization.inexact);
    const { classes } = context;
    return {
      from: describeEnd(graphs.from, from, start, context),
      to: describeEnd(graphs.to, to, end, context),
      ...(namesElements(classes, graph, graphs.to.value, to.layout) ? { classes } : {}),
      notes: [...graphs.notes, ...batchNotes(context, from)],
      exactness: { residual, tolerance, isExact: residual <= tolerance && cut.length === 0 && inexact.length === 0 },
      cut,
      inexact,
      layers,
    };
  };
  let description: SystemDescription | undefined;

  return {
    layers,
    layout: from.layout,
    describe: async (cancel) => (description ??= await describe(cancel)),
    async votes(outputs, cancel) {
      for (const output of outputs) checkPlace(output, to.size, 'output');
      const places = outputs.map((output) => placeInValue(to, output));
      const rows = await rowsAt(places, cancel);
      return rows.map(({ values, offset, ledger: byNode }, i) => {
        const output = outputs[i] ?? 0;
        const value = end[placeInValue(to, output)] ?? NaN;
        return voteOf({ output, value, rows: values, offset, start, laid: from, ledger: byNode });
      });
    },
    row: async (output) => transposed(graphs, at, seedOf(to, output, 'output'), from),
    column: async (input) => forwarded(graphs, at, seedOf(from, input, 'input'), to),
    singular: (options) =>
      powerIteration(
        {
          width: from.size,
          height: to.size,
          forward: (v) => forwarded(graphs, at, inward(from, v), to),
          transpose: (u) => transposed(graphs, at, inward(to, u), from),
        },
        options,
      ),
  };
}

interface Row {
  /** Rows of a run; this one begins at `offset`. */
  readonly values: Float32Array;
  readonly offset: number;
  readonly ledger: Float64Array;
}

/** Σ|row × input| + Σ|ledger|. */
function termsOf({ values, offset, ledger }: Row, start: Float32Array): number {
  let sum = absoluteSum(ledger);
  start.forEach((each, i) => (sum += Math.abs((values[offset + i] ?? NaN) * each)));
  return sum;
}

async function transposed(graphs: SystemGraphs, at: Coefficients, u: Float32Array, from: Laid): Promise<Float32Array> {
  return outward(from, floatsOf((await graphs.transpose(at, u)).rows));
}

async function forwarded(graphs: SystemGraphs, at: Coefficients, v: Float32Array, to: Laid): Promise<Float32Array> {
  return outward(to, floatsOf(await graphs.forward(at, v)));
}

export function laidEnd(
  { value, dims }: Pick<GraphEnd, 'value' | 'dims'>,
  { graph }: Pick<SystemGraphs, 'graph'>,
  context: SystemContext,
): Laid {
  const stated = context.layoutOf(value);
  const channelsLast = stated === undefined ? hasChannelsLast(graph, value, dims) : stated === 'nhwc';
  return layoutOf({ dims, batch: context.batch, channelsLast: channelsLast && dims.length === 4 });
}

function describeEnd(
  { value, dims }: GraphEnd,
  laid: Laid,
  numbers: Float32Array,
  { original, placeOf }: SystemContext,
): SystemEnd {
  return {
    ...labelledValue(original, placeOf, value),
    dims,
    layout: laid.layout,
    values: outward(laid, numbers),
  };
}

/** Nodes of a linearised graph as nodes of the model, each with its first reason. */
export function nodeTeller(
  { graph }: Pick<SystemGraphs, 'graph'>,
  { original, placeOf }: SystemContext,
): (nodes: readonly { readonly node: GraphNode; readonly reason: string }[]) => readonly SystemNode[] {
  const ownerOf = ownersIn(original, graph);
  return (nodes) => {
    const told = new Map<GraphNode, SystemNode>();
    for (const { node, reason } of nodes) {
      const owner = ownerOf(node) ?? node;
      if (told.has(owner)) continue;
      told.set(owner, { label: placeOf(owner), item: nodeId(owner), reason: displayText(reason) });
    }
    return [...told.values()];
  };
}

function batchNotes({ batch }: SystemContext, { size, total }: Laid): readonly string[] {
  if (batch === 1 || size === total) return [];
  return [`The graph takes ${batch} inputs at a time: the system is that of the first of them.`];
}

function seedOf(laid: Laid, seed: number | Float32Array, what: 'output' | 'input'): Float32Array {
  if (typeof seed === 'number') {
    checkPlace(seed, laid.size, what);
    return unitValue(laid, seed);
  }
  if (seed.length === laid.size) return inward(laid, seed);
  throw problem('not-applicable', `The pattern has ${seed.length} numbers, the ${what} has ${laid.size}.`, {
    remedy: `Load or draw a pattern of the ${what}’s size.`,
  });
}

export function checkPlace(place: number, size: number, what: 'output' | 'input'): void {
  if (Number.isInteger(place) && place >= 0 && place < size) return;
  throw problem(
    'not-applicable',
    `There is no element ${place}: the ${what} of the system has ${size}, counted from 0.`,
    {
      remedy: 'Choose another element.',
    },
  );
}

/** Whether numbers of half precision are on the way. */
function isHalf({ graph, shapes }: SystemGraphs): boolean {
  const isNarrow = (value: string): boolean => ['float16', 'bfloat16'].includes(shapes.typeOf(value) ?? '');
  return graph.nodes.some(({ outputs }) => outputs.some(isNarrow));
}

async function notFinite({ graph, shapes }: SystemGraphs, model: SystemModel, feeds: NamedTensors): Promise<Error> {
  const found = await firstNotFinite(graph, shapes, model, feeds);
  const remedy = 'Look at this value with “Activation statistics”, or choose another input.';
  if (found === undefined) {
    return problem('not-applicable', 'The coefficients of the linear system are not all finite at this input.', {
      remedy: 'Choose another reading, other ends or another input.',
    });
  }
  const name = displayText(found.value);
  return problem(
    'not-applicable',
    `There is no linear system at this input: “${name}” is the first value that ${found.what === 'NaN' ? 'is not a number (NaN)' : 'is infinite'} in places.`,
    {
      place: `value “${name}”`,
      remedy,
    },
  );
}
