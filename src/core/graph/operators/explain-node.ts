/** A node beside the documentation of its operator: its own values beside the defaults, its inputs by their roles. */
import type { NodeProto } from '../../formats/onnx/onnx_pb.js';
import { displayText } from '../../display-text.js';
import type { Graph, GraphNode } from '../graph.js';
import { attributeText } from '../node-detail.js';
import { attributeWords } from './attribute-words.js';
import { documentation, type AttributeDocumentation, type LaterVersion } from './documentation.js';
import type { Operators, ValueFact } from './facts.js';
import { functionDocumentation, functionOf } from './function-documentation.js';

export interface ExplainedAttribute {
  readonly name: string;
  /** "ints"; undefined where the documentation does not know the attribute. */
  readonly type?: string;
  readonly required: boolean;
  /** The node's own value in a line; undefined where the node leaves it to the default. */
  readonly value?: string;
  /** In words; undefined where there is none or it is not known. */
  readonly default?: string;
}

/** An input or output of the node, matched to the operator's by position. */
export interface ExplainedValue {
  /** The operator's name for it: "X"; undefined beyond what the documentation knows. */
  readonly role?: string;
  readonly kind?: ValueFact['kind'];
  /** Types that the operator allows here; empty where not known. */
  readonly types: readonly string[];
  readonly typeVariable?: string;
  /** The value's name; undefined where the node leaves it out. */
  readonly value?: string;
}

export interface NodeExplanation {
  readonly source: 'operator' | 'function' | 'unknown';
  /** "ai.onnx" for the standard operators. */
  readonly domain: string;
  readonly operator: string;
  /** Version of the operator set that the model uses; undefined where it does not say. */
  readonly opset?: number;
  /** Version of the operator; only of documented operators. */
  readonly since?: number;
  readonly deprecated: boolean;
  /** What it computes; for the model's own functions, what its author wrote. */
  readonly sentence?: string;
  /** What a reader must know: no documentation and why, or whose version is shown. */
  readonly remark?: string;
  readonly attributes: readonly ExplainedAttribute[];
  readonly inputs: readonly ExplainedValue[];
  readonly outputs: readonly ExplainedValue[];
  readonly later: readonly LaterVersion[];
}

/** Lists of a hostile file may be endless; nobody reads further. */
const MAXIMUM_ENTRIES = 100;

/** Domains whose operators the documentation holds. */
const DOCUMENTED_DOMAINS = new Set(['', 'ai.onnx.ml', 'com.microsoft']);

/** Explains one node of a graph. Whatever the file holds, there is an answer; texts are fit to be shown. */
export function explainNode(graph: Graph, node: GraphNode, operators: Operators): NodeExplanation {
  const definition = functionOf(graph, node);
  if (definition !== undefined) {
    const own = functionDocumentation(definition);
    return { ...explained(graph, node, own), source: 'function', remark: 'A function that the model itself defines.' };
  }
  const opset = graph.opset(node.domain);
  const known = documentation(operators, node.domain, node.opType, opset);
  const remark = remarkOn(graph, node, operators, known !== undefined);
  return {
    ...explained(graph, node, known ?? { attributes: [], inputs: [], outputs: [] }),
    source: known === undefined ? 'unknown' : 'operator',
    ...(known === undefined ? {} : { since: known.since, deprecated: known.deprecated, later: known.later }),
    ...(remark === undefined ? {} : { remark }),
  };
}

function remarkOn(graph: Graph, node: GraphNode, operators: Operators, isKnown: boolean): string | undefined {
  const opset = graph.opset(node.domain);
  const domain = displayText(node.domain === '' ? 'ai.onnx' : node.domain, 80);
  if (isKnown) {
    if (opset !== undefined) return undefined;
    return `The model does not say which version of “${domain}” it uses: the newest is shown.`;
  }
  const [first] = operators.find(node.domain, node.opType)?.versions ?? [];
  if (first !== undefined) {
    return `The model uses version ${opset ?? '?'} of “${domain}”; this operator exists from version ${first.since} on.`;
  }
  return DOCUMENTED_DOMAINS.has(node.domain)
    ? `“${domain}” has no operator of this name that is documented.`
    : `A custom operator of “${domain}”, which is neither ONNX nor ONNX Runtime: what it computes is not known here.`;
}

interface Described {
  readonly sentence?: string;
  readonly attributes: readonly AttributeDocumentation[];
  readonly inputs: readonly ValueFact[];
  readonly outputs: readonly ValueFact[];
}

function explained(graph: Graph, node: GraphNode, described: Described): Omit<NodeExplanation, 'source'> {
  const opset = graph.opset(node.domain);
  return {
    domain: displayText(node.domain === '' ? 'ai.onnx' : node.domain, 80),
    operator: displayText(node.opType, 80),
    ...(opset === undefined ? {} : { opset }),
    deprecated: false,
    ...(described.sentence === undefined ? {} : { sentence: described.sentence }),
    attributes: explainedAttributes(node.proto, described.attributes),
    inputs: explainedValues(node.inputs, described.inputs),
    outputs: explainedValues(node.outputs, described.outputs),
    later: [],
  };
}

/** The documented attributes in their order, then those of the node that nobody documents. */
function explainedAttributes(node: NodeProto, known: readonly AttributeDocumentation[]): ExplainedAttribute[] {
  const given = new Map(node.attribute.slice(0, MAXIMUM_ENTRIES).map((attribute) => [attribute.name, attribute]));
  const documented = known.map(({ name, type, required, default: words }): ExplainedAttribute => {
    const own = given.get(name);
    given.delete(name);
    return {
      name,
      ...(type === undefined ? {} : { type }),
      required,
      ...(own === undefined ? {} : { value: attributeWords(name, attributeText(own)) }),
      ...(words === undefined ? {} : { default: words }),
    };
  });
  const others = [...given.values()].map((own) => ({
    name: displayText(own.name, 80),
    required: false,
    value: attributeText(own),
  }));
  return [...documented, ...others];
}

/** By position; a variadic one takes all that are left. What the node leaves out at the end is listed, too. */
function explainedValues(names: readonly string[], known: readonly ValueFact[]): ExplainedValue[] {
  const last = known.at(-1);
  const shown = names.slice(0, MAXIMUM_ENTRIES);
  const fixed = last?.kind === 'variadic' ? known.length - 1 : known.length;
  const count = Math.max(shown.length, fixed);
  return Array.from({ length: count }, (_, position): ExplainedValue => {
    const fact = known[position] ?? (last?.kind === 'variadic' ? last : undefined);
    const name = shown[position] ?? '';
    return {
      ...(fact === undefined ? {} : { role: fact.name, kind: fact.kind }),
      types: fact?.types ?? [],
      ...(fact?.typeVariable === undefined ? {} : { typeVariable: fact.typeVariable }),
      ...(name === '' ? {} : { value: displayText(name) }),
    };
  });
}
