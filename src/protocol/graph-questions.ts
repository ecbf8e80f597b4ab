/** What is asked about the graph beside its picture: searches, paths, what operators are, colours for other tools. */
import type { NodeExplanation } from '../core/graph/operators/explain-node.js';
import type { Completions } from '../core/graph/search/completions.js';
import type { QueryProblem } from '../core/graph/search/query.js';

/**
 * Places of a graph, each with the modules around it: whoever shows a part of them knows which box stands for each.
 * Modules are listed once.
 */
export interface Places {
  /** Ids of items. */
  readonly items: readonly string[];
  /** By item: the innermost module that it lies in, as its position in `modules`; −1 at the top. */
  readonly within: Int32Array;
  /** Ids of modules. */
  readonly modules: readonly string[];
  /** By module: the one around it; −1 at the top. */
  readonly around: Int32Array;
}

/** A message stays far below 4 MB; nobody looks at more matches one after the other. */
export const FOUND_PLACES = 20_000;

export type SearchAnswer =
  | {
      readonly kind: 'found';
      /** The first {@link FOUND_PLACES} of them, in the order of the graph. */
      readonly places: Places;
      readonly total: number;
    }
  | { readonly kind: 'problems'; readonly problems: readonly QueryProblem[] };

export type PathAnswer =
  | {
      readonly kind: 'path';
      readonly direction: 'forward' | 'backward';
      /** One with the fewest nodes, in the direction of the data, both ends included. */
      readonly shortest: Places;
      /** Nodes of the shortest path, inputs and outputs of the graph not counted. */
      readonly nodes: number;
      /** All that lies on any path. */
      readonly onAnyPath: Places;
    }
  | {
      readonly kind: 'none';
      /** Why, in one or two sentences. */
      readonly reason: string;
      /** Where both branch off, and where they meet again. */
      readonly related: Places;
    };

/** Files of other tools that can show a colouring of this graph. */
export type InterchangeFormat = 'netron' | 'model-explorer';

export interface GraphQuestions {
  /** What a query finds in the graph, or in the body of a scope; or what of it is not understood. */
  search(request: { readonly query: string; readonly scope?: string }, signal?: AbortSignal): Promise<SearchAnswer>;
  /** What a query may go on with at the cursor. */
  completions(
    request: { readonly query: string; readonly cursor: number; readonly scope?: string },
    signal?: AbortSignal,
  ): Promise<Completions>;
  /** The paths between two items of one graph, modules too, whichever way the data flows. */
  path(request: { readonly from: string; readonly to: string }, signal?: AbortSignal): Promise<PathAnswer>;
  /** What the operator of a node is, beside the node's own values. */
  documentation(request: { readonly id: string }, signal?: AbortSignal): Promise<NodeExplanation>;
  /** A number of every node as a file of another tool (JSON). */
  interchange(
    request: { readonly format: InterchangeFormat; readonly metric: string; readonly dark: boolean },
    signal?: AbortSignal,
  ): Promise<string>;
}
