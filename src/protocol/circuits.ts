/**
 * Circuits through transcoders as they cross between worker, host and page (formats 3.5 and 4, methods B2): the attribution
 * graph of one input and one target, with its edges in parts, and checks of it by intervention.
 */
import type { Answers } from '../core/dictionary/facts.js';
import type { OnProgress } from './rpc.js';

/** Transcoders that a person attached to a model: files, or folders with one per layer. */
export interface TranscoderSet {
  /** Absolute. */
  readonly paths: readonly string[];
  /** By file: what was said of switches that it leaves open. */
  readonly answers: Readonly<Record<string, Answers>>;
}

export interface TranscoderSetDescription {
  /** Every layer with an MLP. Without a transcoder all that its MLP writes counts as an error. */
  readonly layers: readonly {
    /** L of “blocks.L”. */
    readonly layer: number;
    readonly transcoder?: { readonly name: string; readonly features: number; readonly by: string };
  }[];
  /** What is not used, and why. */
  readonly left: readonly { readonly name: string; readonly reason: string }[];
  /** Why there can be no circuit at all. */
  readonly problem?: string;
}

/** A token by its id, or by its text. */
export type TokenChoice = number | string;

export type CircuitTarget =
  /** The fewest tokens that hold 95 % of the probability, at most 10, each weighted by its own. */
  | { readonly kind: 'likely' }
  /** Absent: the likeliest, and the second. */
  | { readonly kind: 'difference'; readonly token?: TokenChoice; readonly minus?: TokenChoice }
  /** Layer L of “blocks.L”, at the position of the request. */
  | { readonly kind: 'feature'; readonly layer: number; readonly feature: number };

export interface CircuitRequest {
  readonly input:
    { readonly kind: 'prompt'; readonly text: string } | { readonly kind: 'input'; readonly index: number };
  readonly target: CircuitTarget;
  /** Where the target is read, from 0; absent: the last token. */
  readonly position?: number;
  /** Features that may be nodes; {@link MOST_FEATURES} at most. */
  readonly maximumFeatures: number;
}

export const DEFAULT_FEATURES = 2000;
export const MOST_FEATURES = 7500;

export const NODE_KINDS = ['token', 'feature', 'error', 'output'] as const;
export type CircuitNodeKind = (typeof NODE_KINDS)[number];

/** Nodes by column: a source stands before its targets. */
export interface CircuitNodes {
  /** Of {@link NODE_KINDS}. */
  readonly kind: Uint8Array;
  /** L of “blocks.L”; −1 of tokens and outputs. */
  readonly layer: Int16Array;
  readonly position: Int32Array;
  /** −1 of what is no feature. */
  readonly feature: Int32Array;
  /** Of a feature; 0 of others. */
  readonly activation: Float32Array;
  /** A feature's pre-activation, or an output; 0 of others. */
  readonly value: Float64Array;
  /** What biases, and features beyond the limit, add to it. */
  readonly biases: Float64Array;
  readonly left: Float64Array;
  /** How much it counts as a target: probability, or 1. */
  readonly weight: Float64Array;
}

export interface CircuitOutput {
  readonly node: number;
  /** Of a difference: the token that is explained. */
  readonly token: number;
  /** “ the”, “ the” − “ a”. */
  readonly text: string;
  readonly probability: number;
}

export interface CircuitAnswer {
  /** Names the circuit: what is asked of an earlier one is refused. */
  readonly id: number;
  readonly tokens: readonly string[];
  readonly tokenIds: readonly number[];
  /** What was run: “1 window of 15 tokens from your text”. */
  readonly data: string;
  readonly synthetic: boolean;
  readonly nodes: CircuitNodes;
  readonly outputs: readonly CircuitOutput[];
  /** The likely next tokens at the position of the target. */
  readonly likely: readonly { readonly token: number; readonly text: string; readonly probability: number }[];
  /** Edges of node t are those from `starts[t]` to `starts[t + 1]`; they are asked for in parts. */
  readonly starts: Uint32Array;
  /** Of the whole graph (formats 3.5). */
  readonly replacement: number;
  readonly completeness: number;
  /** The completeness identity: the largest |value − (edges + biases + left out)| over all targets, relative to their sizes. */
  readonly residual: number;
  /** Features that are active at any token, and of these those that are no nodes. */
  readonly active: number;
  readonly leftOut: number;
  readonly layersWithout: readonly number[];
  readonly seconds: number;
}

export interface KeptCircuit {
  readonly request: CircuitRequest;
  readonly answer: CircuitAnswer;
}

/** Edges in one message: 3.2 MB. */
export const EDGES_AT_ONCE = 400_000;

export interface CircuitEdges {
  readonly sources: Uint32Array;
  readonly weights: Float32Array;
}

export interface CircuitCheckRequest {
  readonly circuit: number;
  /** One node, or those of a group, all changed at once; outputs among them are left alone. */
  readonly sources: readonly number[];
  /** One node, or those of a group, whose changes are added up; tokens and errors among them are none. */
  readonly targets: readonly number[];
  /** What the sources' activations (embeddings, errors) are multiplied by: 0 takes them away, 2 adds them once more. */
  readonly factor: number;
}

/**
 * A change of the target, or the sum of those of several targets, each in its own unit: as the graph predicts it, and as the
 * model gave it when it was run.
 */
export interface CircuitCheck {
  /**
   * All is held that the graph holds: normalisations, attention patterns, gates and other MLPs. It should be the edge, or the
   * sum of all edges.
   */
  readonly direct: { readonly predicted: number; readonly measured: number };
  /** As `direct`, as measured with normalisations that follow the change: what holding them leaves out. */
  readonly following: number;
  /**
   * Nothing is held; predicted along all paths of the graph, with the same features active. Of several sources what each
   * wrote is changed, and those that come later respond to the earlier ones besides: effects add up.
   */
  readonly total: { readonly predicted: number; readonly measured: number };
  /** Whether attention patterns could be held in `following`: they are values of the graph. */
  readonly patternsHeld: boolean;
  /** From one feature to one target: the edge is activation × what one unit of the source adds on this input. */
  readonly parts?: {
    readonly activation: number;
    readonly perUnit: number;
    /**
     * W_dec[source] · v, the same on every input, with v = W_enc[target] or of an output W_U d: it leaves out attention and
     * normalisations between, and does not know whether both are ever active together.
     */
    readonly inputInvariant: number;
  };
}

/** Of heads and the tokens that they read, the strongest ones. */
export const HEADS_SHOWN = 100;

/**
 * How much of a target arrived through each attention head on the last step before it, and how much on the residual stream
 * alone (methods B2): together with biases they are the target.
 */
export interface CircuitHeads {
  /** Of the target: a pre-activation, or an output. */
  readonly value: number;
  /** The largest first, {@link HEADS_SHOWN} at most. */
  readonly heads: readonly {
    /** L of “blocks.L”, and the head from 0. */
    readonly layer: number;
    readonly head: number;
    /** The token that is read, from 0. */
    readonly source: number;
    readonly contribution: number;
    /** How much attention the target’s token pays to it, 0 to 1, where that is known. */
    readonly attention?: number;
  }[];
  readonly others: { readonly count: number; readonly contribution: number };
  /** Sum over all heads and tokens. */
  readonly fromHeads: number;
  /** The token’s own embedding. */
  readonly embedding: number;
  /** What MLPs of earlier layers wrote at the token itself. */
  readonly mlps: readonly {
    readonly layer: number;
    readonly features: number;
    readonly biases: number;
    readonly error: number;
  }[];
  readonly biases: number;
  /** |value − sum of all parts|, relative to their sizes. */
  readonly residual: number;
  /** Layers whose heads share values: so many of queries each. */
  readonly sharing: readonly { readonly layer: number; readonly queries: number }[];
  /** Attention that cannot be told apart by heads, and why: what arrives through it is among the other parts. */
  readonly left: readonly { readonly layer: number; readonly reason: string }[];
}

/** The largest weights first, then the smallest first. */
export interface FedByWeights {
  /** W_E v: the token’s embedding along the target’s direction. */
  readonly tokens: readonly [most: readonly WeightedText[], least: readonly WeightedText[]];
  /** W_dec v: what one unit of an earlier feature writes along it. */
  readonly features: readonly [most: readonly WeightedFeature[], least: readonly WeightedFeature[]];
}

export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

export interface WeightedFeature {
  /** L of “blocks.L”. */
  readonly layer: number;
  readonly feature: number;
  readonly weight: number;
}

/**
 * What would feed a target by weights alone (formats section 4, items 1 and 8): v is a feature’s encoder row, or of an output
 * its direction behind the final normalisation.
 */
export interface CircuitWeights extends FedByWeights {
  /** Heads that can feed it most, by |W_V W_O v|, and what feeds it through each. */
  readonly heads: readonly (FedByWeights & {
    readonly layer: number;
    readonly head: number;
    readonly norm: number;
  })[];
  /** Attention whose matrices cannot be told apart by heads, and why. */
  readonly left: readonly { readonly layer: number; readonly reason: string }[];
}

export interface CircuitQuestions {
  /** @throws ProblemError `not-applicable` where no transcoders are attached, or the target is nothing there. */
  circuit(request: CircuitRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<CircuitAnswer>;
  /** The last circuit, while inputs and transcoders are what it was found with: a page that was hidden begins anew. */
  keptCircuit(request: Record<string, never>, signal?: AbortSignal): Promise<KeptCircuit | undefined>;
  /** Edges of the last circuit from one on, at most {@link EDGES_AT_ONCE}. */
  circuitEdges(
    request: { readonly circuit: number; readonly first: number },
    signal?: AbortSignal,
  ): Promise<CircuitEdges>;
  /** Runs the model with the source changed. @throws ProblemError `not-applicable` for a target that is no target. */
  circuitCheck(request: CircuitCheckRequest, signal?: AbortSignal): Promise<CircuitCheck>;
  /** @throws ProblemError `not-applicable` for a node that is no target. */
  circuitHeads(
    request: { readonly circuit: number; readonly node: number },
    signal?: AbortSignal,
  ): Promise<CircuitHeads>;
  /** @throws ProblemError `not-applicable` for a node that is no target, or an output that no matrix of weights makes. */
  circuitWeights(
    request: { readonly circuit: number; readonly node: number },
    signal?: AbortSignal,
  ): Promise<CircuitWeights>;
}
