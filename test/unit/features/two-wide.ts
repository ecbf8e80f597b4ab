/** A dictionary of three features on two numbers, and what it computes of a row, by its definition. */
import type { Coder } from '../../../src/core/dictionary/coder.js';
import { coderOf } from '../dictionary/hand-made.js';

const ENCODER = [
  [1, 0, -1],
  [0, 1, 1],
] as const;

/** Row f is what feature f writes. */
export const DECODER = [
  [1, 0],
  [0, 1],
  [-0.5, 0.5],
] as const;

export interface TwoWide {
  readonly coder: Coder;
  /** f = ReLU(x W_enc + b_enc). */
  encode(row: readonly number[]): number[];
}

/** @param bias of the encoder, one for each feature. */
export function twoWide(bias: readonly [number, number, number]): TwoWide {
  return {
    coder: coderOf({
      encoder: ENCODER,
      decoder: DECODER,
      encoderBias: bias,
      bias: [0, 0],
      subtracts: false,
      activation: { kind: 'relu' },
    }),
    encode: (row) =>
      bias.map((own, feature) =>
        Math.max(
          0,
          row.reduce((sum, x, axis) => sum + x * (ENCODER[axis]?.[feature] as number), own),
        ),
      ),
  };
}
