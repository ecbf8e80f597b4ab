/**
 * What heads look at, as nodes behind a network: patterns are reduced where they are made, and a few numbers per head and
 * example leave the engine. Sums over queries and keys are products of the pattern with matrices of weights, one read of
 * it each: Σ p[q, k] w[q, k].
 */
import { TensorProto_DataType as DataType, type ModelProto } from '../../formats/onnx/onnx_pb.js';
import { graphWriter, type GraphWriter } from '../../rewrite/graph-writer.js';
import { unfold } from '../../rewrite/layout.js';
import { prune } from '../../rewrite/prune.js';
import { raiseOpset } from '../../rewrite/raise-opset.js';
import type { Pattern } from './patterns.js';

/** Sums of one head over the queries of one example, in the order of the last axis of `sums`. */
export const SUMS = [
  /** Σ p[q, q]. */
  'self',
  /** Σ p[q, q − 1] over q ≥ 1. */
  'previous',
  /** Σ p[q, 0] over q ≥ 1. */
  'first',
  /** Σ p[q, k]. */
  'mass',
  /** Σ p[q, k] |q − k|, and of its square. */
  'distance',
  'squaredDistance',
  /** Σ H[q] over q ≥ 1, with H[q] = −Σ p ln p over keys. */
  'entropy',
  /** Σ H[q] / ln n[q] over q ≥ 1 with n[q] ≥ 2 allowed positions. */
  'evenness',
  /** Σ p[q, s + 1] over q and the earlier positions s < q with the token of q. Left out where there are no tokens. */
  'induction',
] as const;
export type Sum = (typeof SUMS)[number];

/** What the sums are over, in the order of the last axis of `counts`. */
export const COUNTS = [
  /** All queries, and those with q ≥ 1. */
  'queries',
  'later',
  /** Queries with q ≥ 1 and two allowed positions or more. */
  'choosing',
  /** Queries whose token stood at an earlier position. Left out where there are no tokens. */
  'repeated',
] as const;
export type Counted = (typeof COUNTS)[number];

export interface WrittenScores {
  readonly model: ModelProto;
  /** By pattern: sums [examples, heads + 1, sums], the last row of even attention; counts [examples, counts]. */
  readonly outputs: readonly { readonly sums: string; readonly counts: string }[];
  /** Input of the filled positions of every example, where some hold padding. */
  readonly filled?: string;
}

export interface ScoreOptions {
  /** Input of the graph that holds token ids, [examples, positions]; absent where there are none. */
  readonly tokens?: string;
  /** Positions of tokens; −1 where it changes from input to input. */
  readonly tokenPositions?: number;
  /** Positions of every example, where some end in padding. */
  readonly paddedLength?: number;
}

/** A network that computes nothing but the scores of its heads; the given one is not changed. */
export function writeScores(model: ModelProto, patterns: readonly Pattern[], options: ScoreOptions): WrittenScores {
  const raised = raiseOpset(model);
  const writer = graphWriter(raised);
  const { paddedLength, tokens, tokenPositions } = options;
  const filled = paddedLength === undefined ? undefined : writer.input('filled', DataType.INT64, ['inspect_examples']);
  const weights = new Map<number, Weights>();
  const outputs = patterns.map((pattern) => {
    const { positions } = pattern;
    const whole = fourAxes(writer, pattern);
    const known = weights.get(positions);
    const made =
      known ??
      writeWeights(writer, whole.length, {
        ...(filled !== undefined && positions === paddedLength ? { filled } : {}),
        ...(tokens !== undefined && positions === tokenPositions ? { tokens } : {}),
      });
    // Where their number changes, two patterns need not be of the same positions.
    if (positions > 0) weights.set(positions, made);
    return writePattern(writer, whole.value, made);
  });
  const values = outputs.flatMap(({ sums, counts }) => [sums, counts]);
  return { model: prune(writer.extend(raised), values), outputs, ...(filled === undefined ? {} : { filled }) };
}

/** [examples, heads, queries, keys], and the number of positions as a row of one. */
function fourAxes(writer: GraphWriter, { layer, heads }: Pattern): { readonly value: string; readonly length: string } {
  const value = unfold(writer, layer, writer.castToFloat(layer.value));
  const length = writer.node('Gather', [writer.node('Shape', [value]), writer.ints([-1])], { axis: 0 });
  const target = writer.node('Concat', [writer.ints([-1, heads]), length, length], { axis: 0 });
  return { value: writer.node('Reshape', [value, target]), length };
}

/** Matrices that patterns of the same positions share. Absent: `filled` where nothing is padding, the rest without tokens. */
interface Weights {
  /** [1 or examples, queries · keys, 6]: for the first six sums. */
  readonly linear: string;
  /** [examples, queries · keys, 1]: 1 at the positions behind earlier occurrences of a query's token. */
  readonly targets?: string;
  /** [examples, queries]: whether a query has any. */
  readonly repeated?: string;
  /** [examples, 1, 1, keys] and [examples, queries]: 1 where there is a token, 0 at padding. */
  readonly keys?: string;
  readonly queries?: string;
  /** [1, queries]: 0 at the first position, else 1. */
  readonly later: string;
}

function writeWeights(
  writer: GraphWriter,
  length: string,
  { filled, tokens }: { readonly filled?: string; readonly tokens?: string },
): Weights {
  const scalar = writer.node('Squeeze', [length]);
  const places = writer.node('Range', [writer.int(0), scalar, writer.int(1)]);
  const reshaped = (value: string, ...dims: readonly number[]): string =>
    writer.node('Reshape', [value, writer.ints(dims)]);
  const queries = reshaped(places, -1, 1);
  const keys = reshaped(places, 1, -1);
  const behind = writer.node('Sub', [queries, keys]);
  const isLater = writer.node('Greater', [queries, writer.int(0)]);
  const isFirst = writer.node('Equal', [keys, writer.int(0)]);
  const distance = writer.castToFloat(writer.node('Abs', [behind]));
  const one = onesLike(writer, distance);
  const stacked = [
    writer.castToFloat(writer.node('Equal', [behind, writer.int(0)])),
    writer.castToFloat(writer.node('Equal', [behind, writer.int(1)])),
    writer.castToFloat(writer.node('And', [isLater, isFirst])),
    one,
    distance,
    writer.node('Mul', [distance, distance]),
  ].map((each) => reshaped(each, 1, -1, 1));
  const linear = writer.node('Concat', stacked, { axis: 2 });
  const later = reshaped(writer.castToFloat(isLater), 1, -1);
  const rows =
    filled === undefined ? undefined : writer.castToFloat(writer.node('Less', [keys, reshaped(filled, -1, 1)]));
  const both =
    rows === undefined ? undefined : writer.node('Mul', [reshaped(rows, 0, -1, 1), reshaped(rows, 0, 1, -1)]);
  return {
    linear: both === undefined ? linear : writer.node('Mul', [linear, reshaped(both, 0, -1, 1)]),
    later,
    ...(rows === undefined ? {} : { queries: rows, keys: reshaped(rows, 0, 1, 1, -1) }),
    ...(tokens === undefined ? {} : writeTargets(tokens)),
  };

  function writeTargets(input: string): Pick<Weights, 'targets' | 'repeated'> {
    const ids = writer.node('Reshape', [
      writer.node('Cast', [input], { to: DataType.INT64 }),
      writer.node('Concat', [writer.ints([-1]), length], { axis: 0 }),
    ]);
    // At key k stands the token before it: k is a target of q where that is the token of q, and lies before it.
    const before = writer.node('Max', [writer.node('Sub', [places, writer.int(1)]), writer.int(0)]);
    const shifted = writer.node('Gather', [ids, before], { axis: 1 });
    const same = writer.node('Equal', [reshaped(ids, 0, -1, 1), reshaped(shifted, 0, 1, -1)]);
    const isTarget = writer.node('And', [
      writer.node('Greater', [keys, writer.int(0)]),
      writer.node('Less', [keys, writer.node('Add', [queries, writer.int(1)])]),
    ]);
    const all = writer.castToFloat(writer.node('And', [same, isTarget]));
    const targets = both === undefined ? all : writer.node('Mul', [all, both]);
    return {
      targets: reshaped(targets, 0, -1, 1),
      repeated: writer.reduce('ReduceMax', targets, [2]),
    };
  }
}

/** 1 for every (finite) number of a value: e to the power of 0. */
function onesLike(writer: GraphWriter, value: string): string {
  return writer.node('Exp', [writer.node('Mul', [value, writer.float(0)])]);
}

function writePattern(
  writer: GraphWriter,
  whole: string,
  { linear, targets, repeated, keys, queries, later }: Weights,
): WrittenScores['outputs'][number] {
  const pattern = keys === undefined ? whole : writer.node('Mul', [whole, keys]);
  // Allowed is what any head looks at: masks give exactly 0 to all of them.
  const most = writer.reduce('ReduceMax', pattern, [1]);
  const allowed = writer.castToFloat(writer.node('Greater', [most, writer.float(0)]));
  const count = writer.reduce('ReduceSum', allowed, [2]);
  const atLeast = (least: number): string => writer.node('Max', [count, writer.float(least)]);
  const column = (value: string): string => writer.node('Reshape', [value, writer.ints([0, -1, 1])]);
  const even = writer.node('Div', [allowed, column(atLeast(1))]);
  const evenHead = writer.node('Unsqueeze', [even, writer.ints([1])]);
  const all = writer.node('Concat', [pattern, evenHead], { axis: 1 });

  const counted = queries ?? onesLike(writer, count);
  const countedLater = writer.node('Mul', [counted, later]);
  const hasChoice = writer.castToFloat(writer.node('Greater', [count, writer.float(1.5)]));
  const choosing = writer.node('Mul', [countedLater, hasChoice]);

  const logarithm = writer.node('Log', [writer.node('Max', [all, writer.float(LEAST)])]);
  const entropy = writer.node('Neg', [writer.reduce('ReduceSum', writer.node('Mul', [all, logarithm]), [3])]);
  const shares = writer.node('Div', [choosing, writer.node('Log', [atLeast(2)])]);
  const overQueries = writer.node('Concat', [column(countedLater), column(shares)], { axis: 2 });

  const flat = writer.node('Reshape', [all, writer.ints([0, 0, -1])]);
  const sums = [
    writer.node('MatMul', [flat, linear]),
    writer.node('MatMul', [entropy, overQueries]),
    ...(targets === undefined ? [] : [writer.node('MatMul', [flat, targets])]),
  ];
  const counts = [counted, countedLater, choosing, ...(repeated === undefined ? [] : [repeated])];
  return {
    sums: writer.node('Concat', sums, { axis: 2 }),
    counts: writer.node(
      'Concat',
      counts.map((each) => {
        const total = writer.reduce('ReduceSum', each, [1]);
        return writer.node('Reshape', [total, writer.ints([-1, 1])]);
      }),
      { axis: 1 },
    ),
  };
}

/** The least positive number of full precision: 0 · ln of it is 0, as 0 · ln 0 shall be. */
const LEAST = 2 ** -126;
