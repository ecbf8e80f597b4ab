/**
 * The search language of the graph: `op:Conv params:>1M layer3`.
 *
 *     query        = { term }                            every term must hold
 *     term         = [ "-" ] ( text | field ":" values | number-field comparison number )
 *     values       = value { "," value }                 one of them must hold
 *     value        = text | condition
 *     text         = word | '"' anything '"'             "*" stands for any characters
 *     condition    = [ comparison ] number | [ number ] ".." [ number ]
 *     comparison   = ">" | ">=" | "<" | "<=" | "="
 *     number       = digits [ "K" | "M" | "G" | "T" | "Ki" | "Mi" | "Gi" | "Ti" | "%" ] [ "B" ]
 *     shape        = size { ( "x" | "," ) size }         size: a number, a name, "?" (any one), "*" (any number of them)
 *     attribute    = name [ comparison value ]           "2x2" is the list [2, 2]
 *
 * Letters' case never matters. A text without a field, and of `name`, `module`, `input` and `output`, may stand anywhere
 * in the name; other texts are the whole ("op:Conv" is not ConvTranspose, "op:Conv*" is both), and so is what begins with
 * "=" ("name:=conv1"). What has no such property is never found by it, excluded or not.
 */
import type { TextPattern } from './text-pattern.js';

export type Field =
  | 'name'
  | 'op'
  | 'domain'
  | 'module'
  | 'kind'
  | 'params'
  | 'bytes'
  | 'dtype'
  | 'shape'
  | 'input'
  | 'output'
  | 'attr'
  | 'layer'
  | 'role'
  | 'hook';

/** What is written after a field decides how it is read. */
export type FieldForm = 'text' | 'number' | 'shape' | 'attribute';

export interface FieldDescription {
  readonly name: string;
  readonly form: FieldForm;
  /** Texts may stand anywhere in it. */
  readonly anywhere: boolean;
  /** What it is, in a few words. */
  readonly meaning: string;
}

const field = (name: Field, form: FieldForm, meaning: string, anywhere = false): FieldDescription => ({
  name,
  form,
  anywhere,
  meaning,
});

export const FIELDS: readonly FieldDescription[] = [
  field('op', 'text', 'operator'),
  field('name', 'text', 'name of a node, of its module, of a value it makes or a weight it reads', true),
  field('module', 'text', 'module that it lies in', true),
  field('params', 'number', 'trained numbers that it reads'),
  field('bytes', 'number', 'bytes of the weights that it reads'),
  field('dtype', 'text', 'element type of the weights that it reads, or of an input or output'),
  field('shape', 'shape', 'shape of a value that it makes'),
  field('input', 'text', 'name of a value or weight that it reads', true),
  field('output', 'text', 'name of a value that it makes', true),
  field('attr', 'attribute', 'attribute, with its value if you like'),
  field('layer', 'text', 'kind or function of an activation layer'),
  field('role', 'text', 'role by structure: mlp, attention, residual, normalisation; attn_probs, mlp_act, resid_post'),
  field('hook', 'text', 'hook name of a value that it makes: blocks.3.hook_resid_post', true),
  field('domain', 'text', 'operator set: ai.onnx, com.microsoft'),
  field('kind', 'text', 'node, module, input or output'),
];

/** A number that was measured of every node: a field of its own. */
export interface SearchMetric {
  /** As it is written in a query: "operations". */
  readonly name: string;
  /** As a person reads it: "Operations". */
  readonly label: string;
  /** What a module has of the nodes inside. */
  readonly aggregate: 'sum' | 'maximum';
  /** By node index; NaN where a node has none. */
  readonly values: ArrayLike<number>;
}

/** Both ends belong to it unless they are left out. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
  readonly withoutLeast: boolean;
  readonly withoutMost: boolean;
}

/** One size: a number, the name of an open dimension, "?" for any one and "*" for any number of any. */
export type SizePattern = number | string;

export type Condition =
  | { readonly kind: 'text'; readonly pattern: TextPattern }
  | { readonly kind: 'number'; readonly range: NumberRange }
  | { readonly kind: 'shape'; readonly sizes: readonly SizePattern[] }
  | { readonly kind: 'attribute'; readonly name: TextPattern; readonly value?: AttributeCondition };

export type AttributeCondition =
  | { readonly kind: 'text'; readonly pattern: TextPattern }
  | { readonly kind: 'number'; readonly range: NumberRange }
  | { readonly kind: 'list'; readonly numbers: readonly number[] };

export interface Term {
  /** Where it stands in the text. */
  readonly from: number;
  readonly to: number;
  readonly excluded: boolean;
  readonly field: FieldDescription;
  /** At least one must hold. */
  readonly alternatives: readonly Condition[];
}

export interface Query {
  /** All must hold; empty: nothing is searched for. */
  readonly terms: readonly Term[];
}

/** What of a text is not understood. */
export interface QueryProblem {
  readonly from: number;
  readonly to: number;
  /** One or two plain sentences. */
  readonly message: string;
}

/** The language by example, as the page's help shows it. */
export const SEARCH_EXAMPLES: readonly { readonly query: string; readonly meaning: string }[] = [
  { query: 'conv1', meaning: 'the text anywhere in a name of a node, module, value or weight' },
  { query: '"dense 1"', meaning: 'a text with spaces, or with a colon' },
  { query: 'layer*conv', meaning: '* stands for any characters' },
  { query: 'op:Conv,Gemm', meaning: 'one or the other' },
  { query: 'op:Conv layer3', meaning: 'both at once' },
  { query: '-op:Relu', meaning: 'not this' },
  { query: 'params:>1M', meaning: '>, >=, <, <=, =; K, M, G, T are thousands, Ki, Mi, Gi, Ti are 1,024s' },
  { query: 'bytes:4Ki..1Mi', meaning: 'from … to …; either end may be left out' },
  { query: 'shape:1x64x*', meaning: '? is any one size, * any number of them' },
  { query: 'attr:strides=2x2', meaning: 'an attribute with its value; attr:group>1, attr:axis' },
  { query: 'layer:rectifier', meaning: 'activation layers of a kind; layer:* is any' },
  { query: 'role:mlp', meaning: 'nodes of MLP blocks; role:attention, role:residual, role:* is any' },
  { query: 'hook:blocks.3.hook_resid_post', meaning: 'the node that makes what a hook of that name reads' },
  { query: 'kind:module params:>10M', meaning: 'modules by the sum of what they hold' },
  { query: 'name:=conv1', meaning: 'exactly this name' },
];
