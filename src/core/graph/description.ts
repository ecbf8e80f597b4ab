/** What can be told of a model's structure, as plain data: the front page, the collapsed graph, a node, the outline. */
import type { Problem } from '../errors.js';
import type { Dictionary } from '../formats/dictionary-signature.js';
import type { MetadataEntry, ModelFormat } from '../formats/tensor-file.js';
import type { NamedValueType } from './value-type.js';
import type { RoleGroup, RolePoint } from './roles/points.js';

/** The front page's facts: what every format tells, and what only a network has. */
export interface ModelOverview {
  readonly fileName: string;
  readonly format: ModelFormat;
  /** As shown: "ONNX", "GGUF version 3". */
  readonly formatName: string;
  readonly fileBytes: number;
  /** Bytes of weights in other files. */
  readonly externalBytes: number;
  /** Files that the model consists of. */
  readonly files: number;
  /** Tensors of weights. */
  readonly tensors: number;
  /** Elements of all weights (of an ONNX graph: initializers and large constants) of floating-point type. */
  readonly parameters: number;
  readonly metadata: readonly MetadataEntry[];
  /** What of the file could not be read although the rest is shown. */
  readonly unread: readonly Problem[];
  /** Where the file is a dictionary: a sparse autoencoder or one of its kin. */
  readonly dictionary?: Dictionary;
  /** Absent where a file holds weights only. */
  readonly network?: NetworkOverview;
}

/** What is known of a graph as a whole. */
export interface NetworkOverview {
  readonly producer: string;
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly inputs: readonly NamedValueType[];
  readonly outputs: readonly NamedValueType[];
  readonly nodes: number;
  /** Operator → how often, most frequent first, subgraphs included. */
  readonly operators: readonly { readonly operator: string; readonly count: number }[];
  /** Why it cannot run here, if so (structure and weights are still shown): each operator or file, with its reason. */
  readonly cannotRun: readonly Problem[];
  readonly docString: string;
}

/**
 * A module or a node of the collapsed graph. Ids are stable for one file: the path of a module, "#12" for node 12, with the
 * scope in front where it lies in a body.
 */
export interface GraphItem {
  readonly id: string;
  readonly kind: 'module' | 'node' | 'input' | 'output';
  readonly label: string;
  /** Operator of a node; "12 nodes" of a module. */
  readonly caption: string;
  /** Parameters inside. */
  readonly parameters: number;
  /** Activation layers inside (ONNX value names): what colours the item and what a click selects. */
  readonly layers: readonly string[];
  /** What passes over the file measured, by the metric's id; a module has the sum or maximum of what it holds. */
  readonly measured?: Readonly<Record<string, number>>;
  readonly expanded: boolean;
  /** What can be opened in a node: branches, the body of a loop, the function that it calls. */
  readonly bodies?: readonly ScopeReference[];
  /** Left, top, width, height in layout units; children are in absolute coordinates. */
  readonly box: readonly [number, number, number, number];
  readonly parent?: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Polyline x0, y0, x1, y1 … in layout units. */
  readonly points: readonly number[];
  /** Value name, and type and shape where known: shown on hover. */
  readonly label: string;
}

export interface GraphPicture {
  readonly items: readonly GraphItem[];
  readonly edges: readonly GraphEdge[];
  readonly width: number;
  readonly height: number;
  readonly expanded: readonly string[];
  /** Of a body: the way to it from the main graph, itself last. */
  readonly trail?: readonly ScopeReference[];
}

/** A graph inside the model's graph. */
export interface ScopeReference {
  /** The ids of its items have it in front. */
  readonly scope: string;
  /** "then_branch"; the name of a function. */
  readonly label: string;
  readonly kind: 'subgraph' | 'function';
}

export interface GraphNodeDetail {
  readonly id: string;
  readonly title: string;
  readonly operator: string;
  readonly domain: string;
  readonly module: readonly string[];
  readonly inputs: readonly NodeInput[];
  readonly outputs: readonly NamedValueType[];
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly parameters: number;
  /** What can be opened in it. */
  readonly bodies?: readonly ScopeReference[];
  /** What it is part of ("attention", "mlp") and what roles the values play that it makes; absent where it has none. */
  readonly roles?: { readonly partOf: readonly RoleGroup[]; readonly points: readonly RolePoint[] };
}

export interface NodeInput extends NamedValueType {
  /** Part of the file instead of computed. */
  readonly constant: boolean;
  /** Place in the file of the tensor that it is, if it is one. */
  readonly tensor?: number;
}

/** The tree of modules and activation layers: VS Code's outline of the model. */
export interface OutlineEntry {
  readonly id: string;
  readonly label: string;
  readonly kind: 'module' | 'layer';
  readonly detail: string;
  /** ONNX value name of a layer. */
  readonly layer?: string;
  readonly children: readonly OutlineEntry[];
}
