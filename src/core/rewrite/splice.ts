/**
 * Cuts values of a graph and puts others in their places. Whatever reads the value reads what was put there: nodes, the
 * bodies in them that capture it, and the graph's outputs. The given model is not changed; messages are shared with it.
 */
import { create } from '@bufbuild/protobuf';
import { problem } from '../errors.js';
import {
  GraphProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '../formats/onnx/onnx_pb.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { makeNode, makeValueInfo } from './nodes.js';

/** A value that a node of the main graph makes, or an input. */
export interface SplicedValue {
  readonly value: string;
  readonly type: DataType;
  /** Axes of the value. */
  readonly rank: number;
}

/** Names of the inputs that say what is put in place of a value, and where. */
export interface Patch {
  /** A tensor of the value's type that spreads to its shape. */
  readonly values: string;
  /** bool, spreads to its shape: where it is true, the patch stands, elsewhere what the model computed. */
  readonly mask: string;
}

export interface Patched {
  readonly model: ModelProto;
  /** By value. */
  readonly patches: ReadonlyMap<string, Patch>;
  /** Feeds of the given model under the names that the patched one has for them. */
  feeds(feeds: NamedTensors): NamedTensors;
}

/**
 * A model in which any element of the values can be replaced, run by run. What is not patched in a run takes
 * {@link noPatch}. @throws ProblemError `not-applicable` for a value that nothing of the main graph makes.
 */
export function patchValues(model: ModelProto, values: readonly SplicedValue[]): Patched {
  const graph = graphOf(model);
  const patches = new Map(values.map(({ value }): [string, Patch] => [value, patchNames(value)]));
  const choices = new Map(
    values.map(({ value }): [string, NodeProto] => {
      const { values: patch, mask } = patchNames(value);
      // Nodes have names of their own, which may be those of values.
      return [value, { ...makeNode('Where', [mask, patch, asComputed(value)], [value]), name: `${value} spliced` }];
    }),
  );
  const inputs = values.flatMap(({ value, type, rank }) => {
    const { values: patch, mask } = patchNames(value);
    // Names of open sizes are those of one value each: engines share memory between values of the same sizes.
    const dims = (name: string): string[] => Array.from({ length: rank }, (_, axis) => `${name} axis ${axis}`);
    return [makeValueInfo(patch, type, dims(patch)), makeValueInfo(mask, DataType.BOOL, dims(mask))];
  });
  const cut = withoutMakers(graph, new Set(choices.keys()));
  const isCutInput = (name: string): boolean => choices.has(name) && isInput(graph, name);
  return {
    model: {
      ...model,
      graph: {
        ...cut,
        // Each choice stands right behind what it chooses from: nodes stay in an order in which they can run.
        node: [
          ...[...choices].flatMap(([value, choice]) => (isInput(graph, value) ? [choice] : [])),
          ...cut.node.flatMap((node, at) => [node, ...chosen(choices, graph.node[at]?.output ?? [])]),
        ],
        input: [...cut.input, ...inputs],
      },
    },
    patches,
    feeds: (feeds) =>
      Object.fromEntries(
        Object.entries(feeds).map(([name, tensor]) => [isCutInput(name) ? asComputed(name) : name, tensor]),
      ),
  };
}

function patchNames(value: string): Patch {
  return { values: `${value} patch`, mask: `${value} patch mask` };
}

/** The name of a value that was cut, as its maker gives it. */
export function asComputed(value: string): string {
  return `${value} as computed`;
}

function chosen(choices: ReadonlyMap<string, NodeProto>, outputs: readonly string[]): NodeProto[] {
  return outputs.flatMap((output) => choices.get(output) ?? []);
}

/** What a value takes in a run that leaves it alone. */
export function noPatch({ type, rank }: Pick<SplicedValue, 'type' | 'rank'>): Readonly<Record<keyof Patch, Tensor>> {
  const dims = Array.from({ length: rank }, () => 1);
  const zero: Readonly<Partial<Record<DataType, Tensor>>> = {
    [DataType.FLOAT]: { type: 'float32', dims, data: new Float32Array(1) },
    [DataType.DOUBLE]: { type: 'float64', dims, data: new Float64Array(1) },
    [DataType.FLOAT16]: { type: 'float16', dims, data: new Uint16Array(1) },
  };
  const values = zero[type];
  if (values === undefined) throw problem('internal', `No patch holds numbers of type ${type}.`);
  return { values, mask: { type: 'bool', dims, data: new Uint8Array(1) } };
}

/**
 * A model in which values are inputs of their own names, whatever computed them before.
 * @throws ProblemError `not-applicable` for a value that nothing of the main graph makes.
 */
export function freeValues(
  model: ModelProto,
  values: readonly {
    readonly value: string;
    readonly type: DataType;
    /** A name stands for an open size. */
    readonly dims: readonly (number | string)[];
  }[],
): ModelProto {
  const graph = graphOf(model);
  const inner = values.filter(({ value }) => !isInput(graph, value));
  const cut = withoutMakers(graph, new Set(inner.map(({ value }) => value)));
  const inputs = inner.map(({ value, type, dims }) => makeValueInfo(value, type, dims));
  return { ...model, graph: { ...cut, input: [...cut.input, ...inputs] } };
}

function graphOf({ graph }: ModelProto): GraphProto {
  return graph ?? create(GraphProtoSchema);
}

/** Old models list their initializers among the inputs. */
function isInput({ input, initializer }: GraphProto, value: string): boolean {
  return input.some(({ name }) => name === value) && !initializer.some(({ name }) => name === value);
}

/**
 * The graph with values made, or given, under other names ({@link asComputed}): their own names are free.
 * @throws ProblemError `not-applicable` for a value that nothing of the main graph makes.
 */
export function withoutMakers(graph: GraphProto, values: ReadonlySet<string>): GraphProto {
  const made = new Set(graph.node.flatMap(({ output }) => output));
  const missing = [...values].find((value) => !made.has(value) && !isInput(graph, value));
  if (missing !== undefined) {
    throw problem('not-applicable', `No node makes “${missing}”: nothing can be put in its place.`, {
      place: `value “${missing}”`,
      remedy: 'Choose a value that a node of the main graph makes.',
    });
  }
  const isCut = (value: string): boolean => values.has(value);
  const nameOf = (value: string): string => (isCut(value) ? asComputed(value) : value);
  return {
    ...graph,
    node: graph.node.map((node) => (node.output.some(isCut) ? { ...node, output: node.output.map(nameOf) } : node)),
    input: graph.input.map((info) => (isCut(info.name) ? { ...info, name: nameOf(info.name) } : info)),
  };
}
