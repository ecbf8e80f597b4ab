/** Attributions of one input, and patching between two, as they cross between worker, host and page (methods, section H). */
import type { Estimate } from '../core/attribution/patching.js';
import type { Baseline } from '../core/attribution/baseline.js';
import type { Metric } from '../core/attribution/metric.js';
import type { PatchDirection } from '../core/attribution/patch-request.js';
import type { SiteRole } from '../core/attribution/patch-sites.js';
import type { PatternRule } from '../core/attribution/relevance-rules.js';
import type { SystemNode, SystemRequest } from './linear.js';
import type { OnProgress } from './rpc.js';

export type { Agreement } from '../core/attribution/agreement.js';
export type { Baseline } from '../core/attribution/baseline.js';
export type { Metric } from '../core/attribution/metric.js';
export type { PatchDirection } from '../core/attribution/patch-request.js';
export type { SiteRole } from '../core/attribution/patch-sites.js';
export type { Estimate, EstimateKind } from '../core/attribution/patching.js';
export type { PatternRule } from '../core/attribution/relevance-rules.js';

export type AttributionMethod =
  | { readonly kind: 'gradient-input' }
  | { readonly kind: 'integrated-gradients'; readonly steps: number; readonly baseline: Baseline }
  | { readonly kind: 'relevance'; readonly patterns: PatternRule };

export interface AttributionRequest {
  /** Its ends; how it reads operators does not matter here. */
  readonly system: SystemRequest;
  /** Elements of the end, in the order of its layout; at most `MOST_VOTES`. */
  readonly outputs: readonly number[];
  readonly method: AttributionMethod;
}

/** One output explained: value − reference = Σ scores + biases + gap. */
export interface OutputAttribution {
  readonly output: number;
  readonly value: number;
  /** 0, or the output at the baseline. */
  readonly reference: number;
  /** By position of the start (pixel, token, feature): the sum over its channels. */
  readonly scores: Float32Array;
  readonly sum: number;
  /** Σ|scores| over single elements, before channels are added. */
  readonly magnitude: number;
  readonly biasSum: number;
  readonly gap: number;
}

export interface AttributionAnswer {
  readonly outputs: readonly OutputAttribution[];
  /** What was decided for the person, a sentence each: the baseline. */
  readonly notes: readonly string[];
  readonly cut: readonly SystemNode[];
  readonly inexact: readonly SystemNode[];
}

export interface PatchingRequest {
  /** The clean input, and where the metric is read; how the system reads operators does not matter here. */
  readonly system: SystemRequest;
  /** The corrupt one. */
  readonly corrupt: number;
  /** Elements of the end, in the order of its layout. */
  readonly metric: Metric;
  readonly direction: PatchDirection;
}

/** How the parts of a value lie. */
export type SiteParts =
  | { readonly kind: 'whole' }
  /** Tokens or steps; where there are many, some in a row. Starts of the parts. */
  | { readonly kind: 'positions'; readonly starts: readonly number[]; readonly size: number }
  /** Cells of a picture, row by row. */
  | { readonly kind: 'grid'; readonly rows: number; readonly columns: number };

export interface PatchedSite {
  readonly value: string;
  /** Fit to be shown. */
  readonly label: string;
  /** Id of the graph item that makes it; undefined for an input. */
  readonly item?: string;
  readonly role: SiteRole;
  readonly parts: SiteParts;
  /** Place of its first part among the effects, and how many it has. */
  readonly first: number;
  readonly count: number;
}

export interface PatchingAnswer {
  /** The metric of both inputs, with nothing patched. */
  readonly clean: number;
  readonly corrupt: number;
  /** In the order of the graph. */
  readonly sites: readonly PatchedSite[];
  /** Of every part of every site: m(patched) − m(the input that is run). */
  readonly effects: Float64Array;
  /** The same over m(clean) − m(corrupt); absent where that is 0. */
  readonly normalised?: Float64Array;
  /** What attribution patching says of the same parts, with the derivative at the corrupt input, the clean one, or both. */
  readonly estimates: readonly Estimate[];
  readonly estimatesDeclined?: string;
  /** Nodes that derivatives are not followed through. */
  readonly cut: readonly SystemNode[];
  /** Values that were not patched: fit to be shown. */
  readonly leftOut: readonly { readonly label: string; readonly reason: string }[];
  /** A sentence each. */
  readonly notes: readonly string[];
}

/** What the worker answers about attributions. Questions tell of their progress and can be cancelled. */
export interface AttributionQuestions {
  attribute(request: AttributionRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<AttributionAnswer>;
  patch(request: PatchingRequest, signal?: AbortSignal, onProgress?: OnProgress): Promise<PatchingAnswer>;
}
