/** What enters a body: the types of its inputs, from the node that it belongs to. Source: ONNX operators Loop, Scan. */
import { attributeInt, attributeInts } from '../../graph/attributes.js';
import type { GraphScope } from '../../graph/graph-scopes.js';
import { isConstant, knownType, type KnownType, type TensorType, type TypedGraph } from './typed-graph.js';

export interface BodyInputs {
  readonly types: ReadonlyMap<string, KnownType>;
  /** Inputs that take an output of the body in the next round. */
  readonly carried: readonly { readonly input: string; readonly output: string }[];
}

/**
 * @param stated what the file says of a value of the body.
 * @param around the graph that holds the node, typed under the same sizes.
 */
export function bodyInputs(
  { graph, kind, holder }: GraphScope,
  around: TypedGraph,
  stated: (value: string) => TensorType | undefined,
): BodyInputs {
  const types = new Map<string, KnownType>();
  const set = (value: string | undefined, type: KnownType | undefined): void => {
    if (value !== undefined && type !== undefined) types.set(value, type);
  };
  for (const { name } of graph.inputs) set(name, stated(name));
  if (holder === undefined) return { types, carried: [] };
  const { node } = holder;
  const given = (position: number): KnownType | undefined => typeAround(around, node.inputs[position] ?? '');
  const inputs = graph.proto.input.map(({ name }) => name);
  if (kind === 'function') {
    // Constants of the call are constants of the body; what is left stands in the call's order.
    const entering = node.inputs.filter((value) => value !== '' && around.graph.initializer(value) === undefined);
    inputs.forEach((name, position) => set(name, typeAround(around, entering[position] ?? '')));
    return { types, carried: [] };
  }
  if (node.domain !== '') return { types, carried: [] };
  const outputs = graph.proto.output.map(({ name }) => name);
  if (node.opType === 'Loop') {
    const scalar = (value: string | undefined, type: string): void => {
      // Engines give these as many axes as the body states.
      if (value !== undefined && types.get(value) === undefined) types.set(value, { type, shape: [] });
    };
    scalar(inputs[0], 'int64');
    scalar(inputs[1], 'bool');
    inputs.slice(2).forEach((name, position) => set(name, given(2 + position)));
    return { types, carried: pairs(inputs.slice(1), outputs) };
  }
  if (node.opType === 'Scan' && (graph.opset('') ?? 0) >= 9) {
    const scanned = attributeInt(node, 'num_scan_inputs') ?? 0;
    const states = inputs.length - scanned;
    const axes = attributeInts(node, 'scan_input_axes') ?? [];
    inputs.forEach((name, position) => {
      const whole = given(position);
      set(name, position < states ? whole : withoutAxis(whole, axes[position - states] ?? 0));
    });
    return { types, carried: pairs(inputs.slice(0, states), outputs) };
  }
  return { types, carried: [] };
}

/**
 * The inputs as they are in every round, judged by one round in which they had these types: sizes that an output of the
 * round changes are open. @returns undefined when every input keeps its type.
 */
export function widened({ types, carried }: BodyInputs, round: TypedGraph): ReadonlyMap<string, KnownType> | undefined {
  const wider = new Map(types);
  let changed = false;
  for (const { input, output } of carried) {
    const before = types.get(input);
    if (before === undefined || before === 'no tensor') continue;
    const after = typeAround(round, output);
    const common = commonType(before, after);
    if (common === before) continue;
    wider.set(input, common);
    changed = true;
  }
  return changed ? wider : undefined;
}

/** What two rounds have in common; the first itself where nothing differs. */
function commonType(before: TensorType, after: KnownType | undefined): TensorType {
  if (before.shape === undefined) return before;
  const shape = after === undefined || after === 'no tensor' ? undefined : after.shape;
  if (shape === undefined || shape.length !== before.shape.length) return { ...before, shape: undefined };
  if (before.shape.every((size, axis) => size === '?' || size === shape[axis])) return before;
  return { ...before, shape: before.shape.map((size, axis) => (size === shape[axis] ? size : '?')) };
}

/** The type of a value, constants included. */
function typeAround(at: TypedGraph, value: string): KnownType | undefined {
  if (!isConstant(at, value)) return knownType(at, value);
  return at.graph.valueInfo(value);
}

function withoutAxis(whole: KnownType | undefined, axis: number): KnownType | undefined {
  if (whole === undefined || whole === 'no tensor' || whole.shape === undefined) return whole;
  const dropped = axis < 0 ? axis + whole.shape.length : axis;
  return { type: whole.type, shape: whole.shape.filter((_, each) => each !== dropped) };
}

function pairs(inputs: readonly string[], outputs: readonly string[]): BodyInputs['carried'] {
  return inputs.flatMap((input, position) => {
    const output = outputs[position];
    return output === undefined ? [] : [{ input, output }];
  });
}
