/** Documentation of the functions that a model defines itself, from what the function's own message says. */
import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  type FunctionProto,
} from '../../formats/onnx/onnx_pb.js';
import { displayText } from '../../display-text.js';
import type { Graph, GraphNode } from '../graph.js';
import { attributeText } from '../node-detail.js';
import type { AttributeDocumentation } from './documentation.js';
import type { ValueFact } from './facts.js';

export interface FunctionDocumentation {
  /** The author's own text, shortened; absent where there is none. */
  readonly sentence?: string;
  readonly attributes: readonly AttributeDocumentation[];
  readonly inputs: readonly ValueFact[];
  readonly outputs: readonly ValueFact[];
}

const MAXIMUM_ENTRIES = 100;
const MAXIMUM_TEXT_LENGTH = 400;

const cache = new WeakMap<readonly FunctionProto[], ReadonlyMap<string, FunctionProto>>();

/** The model's own function that a node calls, if it does. */
export function functionOf(graph: Graph, node: GraphNode): FunctionProto | undefined {
  const { functions } = graph.model;
  let byKey = cache.get(functions);
  if (byKey === undefined) {
    byKey = new Map(functions.map((each) => [keyOf(each.domain, each.name, each.overload), each]));
    cache.set(functions, byKey);
  }
  return byKey.get(keyOf(node.domain, node.opType, node.proto.overload));
}

function keyOf(domain: string, name: string, overload: string): string {
  return [domain === 'ai.onnx' ? '' : domain, name, overload].join('\n');
}

/** Attributes without a default must be given; a function states no types. */
export function functionDocumentation(definition: FunctionProto): FunctionDocumentation {
  const text = definition.docString.trim();
  return {
    ...(text === '' ? {} : { sentence: displayText(text, MAXIMUM_TEXT_LENGTH) }),
    attributes: [
      ...definition.attribute
        .slice(0, MAXIMUM_ENTRIES)
        .map((name): AttributeDocumentation => ({ name: displayText(name, 80), required: true })),
      ...definition.attributeProto.slice(0, MAXIMUM_ENTRIES).map((attribute): AttributeDocumentation => ({
        name: displayText(attribute.name, 80),
        ...typeOf(attribute),
        required: false,
        default: attributeText(attribute),
      })),
    ],
    inputs: definition.input.slice(0, MAXIMUM_ENTRIES).map(valueOf),
    outputs: definition.output.slice(0, MAXIMUM_ENTRIES).map(valueOf),
  };
}

function typeOf({ type }: AttributeProto): { readonly type?: string } {
  const name = AttributeType[type];
  return name === undefined || type === AttributeType.UNDEFINED
    ? {}
    : { type: name.toLowerCase().replaceAll('_', ' ') };
}

/** Callers may leave any input of a function out. */
function valueOf(name: string): ValueFact {
  return { name: displayText(name, 80), kind: 'optional', types: [] };
}
