/** Removing units that do nothing, as it crosses between worker, host and page. */
import type { Problem } from '../core/errors.js';
import type { Comparison } from '../core/pruning/proof.js';
import type { UnitSource } from '../core/pruning/unit-sources.js';
import type { Savings } from '../core/pruning/savings.js';
import type { OnProgress } from './rpc.js';

export type { Comparison } from '../core/pruning/proof.js';
export type { UnitSource } from '../core/pruning/unit-sources.js';
export type { Footprint, Savings } from '../core/pruning/savings.js';

/** What the report tells of pruning. */
export interface PruningReport {
  /** From what passes have found, or why that cannot be told. */
  readonly found: PruningPreview | Problem;
  /** The last smaller file that was written of this model, while it is open; its path is its name alone. */
  readonly written?: PrunedFile;
}

/** What one way of knowing says of this model. */
export interface SourceSummary {
  readonly source: UnitSource;
  /** Units that it names; whether they can leave is another question. */
  readonly units: number;
  /** What it rests on: "for any input in the box …", "on 200 images"; or why it says nothing. */
  readonly text: string;
}

export interface PrunedLayerSummary {
  /** Fit to be shown. */
  readonly label: string;
  /** Id of the node in the graph. */
  readonly item: string;
  readonly units: number;
  readonly removed: number;
  /** Of the removed: how many rest on what. */
  readonly bySource: Readonly<Partial<Record<UnitSource, number>>>;
}

export interface PruningPreview {
  readonly sources: readonly SourceSummary[];
  /** Units that leave; what leaves together (a gate and what it gates) is one. */
  readonly units: number;
  /** Of these: not proven, seen on data only. */
  readonly onDataOnly: number;
  readonly layers: readonly PrunedLayerSummary[];
  /** Units that stay although they do nothing, by reason ("it is an output of the model"). */
  readonly kept: readonly { readonly reason: string; readonly units: number }[];
  readonly savings: Savings;
  /** Of the proven: for inputs inside `box` only. */
  readonly inBoxOnly: number;
  /** "“image” from -2 to 2, pixels 0 to 255 as they are prepared"; where some are proven for inputs inside it only. */
  readonly box?: string;
  /** What would be removed and saved, one or two sentences. */
  readonly sentence: string;
  /** For which inputs it is proven that nothing changes; empty where nothing is removed. */
  readonly proven: string;
  /** What is tried before a file is kept; empty where nothing is removed. */
  readonly check: string;
}

export interface PruningProof {
  readonly random: Comparison;
  /** Absent where the model has no inputs of its own that can be read. */
  readonly data?: Comparison;
  /** Why the inputs of the recipe were not run, if so. */
  readonly withoutData?: string;
  /** The outcome in words. */
  readonly sentence: string;
}

export interface PrunedFile {
  readonly path: string;
  readonly bytes: number;
  /** Name of the file beside it with its weights, if there is one. */
  readonly externalName?: string;
  readonly externalBytes?: number;
  readonly preview: PruningPreview;
  readonly proof: PruningProof;
}

export interface PruningRequest {
  /** What units are taken from; what follows from weights and bounds is proven, `data` is not. */
  readonly sources: readonly UnitSource[];
}

export interface PruningQuestions {
  /**
   * What could be removed and what it would save. Runs what it needs: bounds, and for `data` the inputs.
   * @param request.known asks only for what passes have found already: nothing is run unasked.
   */
  pruningPreview(
    request: PruningRequest & { readonly known?: boolean },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<PruningPreview>;
  /**
   * Writes the smaller model, after it was run beside the original and gave the same.
   * @throws ProblemError `not-applicable` when nothing can be removed or the outputs differ: then nothing was written.
   */
  writePruned(
    request: PruningRequest & { readonly path: string; readonly replace: boolean },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<PrunedFile>;
  /** The smaller model that was written last, of the file that is open. */
  prunedFile(request: Record<string, never>): Promise<PrunedFile | undefined>;
}
