/** Invariants as nodes behind a network: each side computed, and how far apart they are. */
import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import type { Graph } from '../../graph/graph.js';
import { graphWriter, type GraphWriter } from '../../rewrite/graph-writer.js';
import { prune } from '../../rewrite/prune.js';
import type { Invariant } from './invariants.js';

/** Tolerance of methods section 0: |got − want| ≤ 1e-5 + 1e-4 · S, with S the sum of absolute values of the terms. */
const ABSOLUTE = 1e-5;
const RELATIVE = 1e-4;

export interface WrittenInvariants {
  readonly model: ModelProto;
  /** By invariant: values with one number each, the largest |got − want| and the largest |got − want| / tolerance. */
  readonly outputs: readonly { readonly difference: string; readonly ratio: string }[];
}

/** What an invariant says a value is, and the sum S of the absolute values of what was added up. */
interface Side {
  readonly want: string;
  readonly size: string;
}

/** A network that computes nothing but the invariants; the given one is not changed. */
export function writeInvariants(graph: Graph, invariants: readonly Invariant[]): WrittenInvariants {
  const writer = graphWriter(graph.model);
  const outputs = invariants.map((invariant) => {
    const got = writer.castToFloat(invariant.output);
    const { want, size } = sideOf(writer, graph, invariant, got);
    const difference = writer.node('Abs', [writer.node('Sub', [got, want])]);
    const tolerance = writer.node('Add', [writer.node('Mul', [size, writer.float(RELATIVE)]), writer.float(ABSOLUTE)]);
    return {
      difference: largest(writer, difference),
      ratio: largest(writer, writer.node('Div', [difference, tolerance])),
    };
  });
  const values = outputs.flatMap(({ difference, ratio }) => [difference, ratio]);
  return { model: prune(writer.extend(graph.model), values), outputs };
}

function sideOf(writer: GraphWriter, graph: Graph, invariant: Invariant, got: string): Side {
  switch (invariant.kind) {
    case 'residual':
      return sumSide(writer, invariant.terms);
    case 'heads':
      return headsSide(writer, invariant);
    case 'down':
      return downSide(writer, graph, invariant, got);
  }
}

function sumSide(writer: GraphWriter, terms: readonly string[]): Side {
  const floats = terms.map((term) => writer.castToFloat(term));
  const sizes = floats.map((term) => writer.node('Abs', [term]));
  const sum = (values: readonly string[]): string => values.reduce((all, each) => writer.node('Add', [all, each]));
  return { want: sum(floats), size: sum(sizes) };
}

function headsSide(writer: GraphWriter, invariant: Extract<Invariant, { kind: 'heads' }>): Side {
  const pattern = writer.castToFloat(invariant.pattern);
  const value = perHead(writer, writer.castToFloat(invariant.value), pattern, invariant.parted);
  return {
    want: writer.node('MatMul', [pattern, value]),
    size: writer.node('MatMul', [writer.node('Abs', [pattern]), writer.node('Abs', [value])]),
  };
}

/** [batch, positions, features] → [batch, heads, positions, features of a head]; shared heads are repeated in a row. */
function perHead(
  writer: GraphWriter,
  value: string,
  pattern: string,
  parted: { readonly heads: number; readonly keyValueHeads: number } | undefined,
): string {
  if (parted === undefined) return value;
  const { heads, keyValueHeads } = parted;
  const shape = writer.node('Shape', [pattern]);
  const size = (axis: number): string => writer.node('Gather', [shape, writer.ints([axis])], { axis: 0 });
  const target = writer.node('Concat', [size(0), size(3), writer.ints([keyValueHeads, -1])], { axis: 0 });
  const split = writer.node('Transpose', [writer.node('Reshape', [value, target])], { perm: [0, 2, 1, 3] });
  if (heads === keyValueHeads) return split;
  // Head j of keys and values serves the queries j · repeats … (j + 1) · repeats − 1.
  const indices = Array.from({ length: heads }, (_, head) => Math.floor((head * keyValueHeads) / heads));
  return writer.node('Gather', [split, writer.ints(indices)], { axis: 1 });
}

function downSide(
  writer: GraphWriter,
  graph: Graph,
  { block: { down } }: Extract<Invariant, { kind: 'down' }>,
  got: string,
): Side {
  const { weight, inputAxis, outputAxis } = down;
  // The tensor of the file itself where it holds floats; behind a dequantisation, what the product reads.
  const isStored = (graph.valueInfo(weight.tensor)?.type ?? '').startsWith('float');
  const axes = [inputAxis, outputAxis].map((axis) => (isStored ? (weight.tensorAxes[axis] ?? axis) : axis));
  const read = writer.castToFloat(isStored ? weight.tensor : weight.value);
  const inOut = axes[0] === 0 ? read : writer.node('Transpose', [read], { perm: [1, 0] });
  const input = writer.castToFloat(down.input);
  const shape = writer.node('Shape', [got]);
  const isLeft = graph.nodes[down.node]?.inputs[0] === weight.value;
  const product = (values: string, weights: string): string => {
    const factors = isLeft ? [writer.node('Transpose', [weights], { perm: [1, 0] }), values] : [values, weights];
    return writer.node('Reshape', [writer.node('MatMul', factors), shape]);
  };
  const want = product(input, inOut);
  const size = product(writer.node('Abs', [input]), writer.node('Abs', [inOut]));
  if (down.bias === undefined) return { want, size };
  const bias = writer.castToFloat(down.bias);
  return {
    want: writer.node('Add', [want, bias]),
    size: writer.node('Add', [size, writer.node('Abs', [bias])]),
  };
}

function largest(writer: GraphWriter, value: string): string {
  return writer.reduce('ReduceMax', writer.node('Reshape', [value, writer.ints([-1])]), [0]);
}
