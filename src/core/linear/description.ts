/** What a linear system is, as it is told to people. */
import type { SystemLayout } from './layout.js';

export interface SystemEnd {
  readonly value: string;
  /** Fit to be shown. */
  readonly label: string;
  /** Id of the graph item that makes it; undefined for an input of the graph. */
  readonly item?: string;
  readonly dims: readonly number[];
  readonly layout: SystemLayout;
  /** Its numbers at this input. */
  readonly values: Float32Array;
}

/** A node that the system says something of: fit to be shown, and its place in the graph. */
export interface SystemNode {
  readonly label: string;
  readonly item: string;
  readonly reason: string;
}

/** |A x + r − f(x)| against the sum of the absolute terms, the largest over all outputs (methods, E1). */
export interface Exactness {
  readonly residual: number;
  readonly tolerance: number;
  /** Within the tolerance, with every node on the way read exactly. */
  readonly isExact: boolean;
}

/** A row of the bias ledger. */
export interface SystemLayer {
  readonly label: string;
  readonly item: string;
}

export interface SystemDescription {
  readonly from: SystemEnd;
  readonly to: SystemEnd;
  /** Names of the output's elements, of each position where it is a sequence: classes of the recipe, or tokens. */
  readonly classes?: readonly string[];
  /** What was decided for the person, a sentence each: the start moved behind whole numbers, the end before a softmax. */
  readonly notes: readonly string[];
  readonly exactness: Exactness;
  /** Nodes that are not read: what lies behind them is held still. */
  readonly cut: readonly SystemNode[];
  /** Nodes whose linear map is not what they do near the input: quantisation. */
  readonly inexact: readonly SystemNode[];
  /** Rows of the bias ledger: nodes that add a bias, in the order of the graph. */
  readonly layers: readonly SystemLayer[];
}
