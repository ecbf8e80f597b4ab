import type { ObservedLayer } from '../graph/layers.js';
import { elementCount } from '../tensor/tensor.js';
import { CHUNK_INPUTS } from './fold-chunks.js';

/** Activations of one batch that a run may hold at once. */
const BATCH_BYTES = 128 * 2 ** 20;
const LARGEST_BATCH = 32;

export interface BatchLimits {
  readonly layers: readonly ObservedLayer[];
  /** Largest batch that the graph takes. */
  readonly maximumBatch: number;
  /** Inputs per forward where a recipe fixes it. */
  readonly batch?: number;
}

/** As many inputs per forward as memory and the graph allow, in powers of two so that chunks divide evenly. */
export function batchSize({ batch, maximumBatch, layers }: BatchLimits): number {
  const bytes = layers.reduce((sum, { shape }) => sum + 4 * elementCount(shape.map((size) => Math.max(1, size))), 0);
  const fitting = Math.min(
    maximumBatch,
    batch ?? Math.min(LARGEST_BATCH, Math.max(1, Math.floor(BATCH_BYTES / Math.max(1, bytes)))),
  );
  if (batch !== undefined) return Math.min(fitting, CHUNK_INPUTS);
  return 2 ** Math.floor(Math.log2(fitting));
}
