/**
 * One canonical record for every sparse autoencoder, transcoder and crosscoder, whatever file it came from
 * (formats 7, item 1). With row vectors, x the input and x̂ what it writes:
 *
 *     x₁ = normalise(x) − subtracted        h = x₁ W_enc + b_enc        f = activation(h)
 *     x̂  = denormalise(f W_dec + added) + x W_skip
 *
 * Where a coder reads or writes several places (layers, models), their widths lie side by side in x and in x̂.
 */
import type { DictionaryKind } from '../formats/dictionary-layouts.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import type { FeatureMatrix } from './feature-matrix.js';

export interface Coder {
  readonly kind: DictionaryKind;
  readonly family: string;
  readonly features: number;
  readonly reads: Side;
  readonly writes: Side;
  /** Row f is what feature f reads: as wide as all places read. */
  readonly encoder: FeatureMatrix;
  /** Row f is what feature f writes. */
  readonly decoder: FeatureMatrix;
  readonly encoderBias?: Vector;
  /** What is subtracted from the (normalised) input before the encoder. Not the same as {@link added}. */
  readonly subtracted?: Vector;
  /** What is added to the decoder's output. */
  readonly added?: Added;
  readonly activation: Activation;
  readonly normalisation: Normalisation;
  readonly decoderNorm: DecoderNorm;
  /** h is multiplied by sigmoid(x₁ W + b) before the activation. */
  readonly glu?: { readonly encoder: FeatureMatrix; readonly bias: Vector };
  readonly skip?: Skip;
}

/** Places that are read or written, each of the same width. */
export interface Side {
  readonly places: number;
  readonly width: number;
}

/** A tensor that is read as one row of numbers; `exponential`: what counts is e to the power of them. */
export interface Vector {
  readonly tensor: WeightTensor;
  readonly exponential?: boolean;
}

/** A bias as wide as all places written, or as one of them. */
export interface Added {
  readonly vector: Vector;
  /** The place that it is for; absent: all. */
  readonly place?: number;
}

export type Activation =
  | { readonly kind: 'relu' }
  /** h where h > θ, strictly, else 0; with `relu` also 0 where h ≤ 0, which differs where θ < 0. */
  | { readonly kind: 'jumprelu'; readonly threshold: Vector | number; readonly relu: boolean }
  /** The k largest of each row, ties to the first; `relu`: of ReLU(h); `magnitude`: by |h|, signs kept. */
  | { readonly kind: 'topk'; readonly k: number; readonly relu: boolean; readonly magnitude: boolean }
  /** The largest of each of k groups of neighbouring features, of ReLU(h). */
  | { readonly kind: 'groupmax'; readonly groups: number }
  /** With u = x₁ W_enc: 1[u + gateBias > 0] · ReLU(exp(magnitudeScale) u + magnitudeBias). */
  | {
      readonly kind: 'gated';
      readonly gateBias: Vector;
      readonly magnitudeScale: Vector;
      readonly magnitudeBias: Vector;
    };

/** What the input goes through before, and the output after; `undone` is false where only the input is normalised. */
export type Normalisation =
  | { readonly kind: 'none' }
  /** x √d/‖x‖ for each token; undone by the same factor of the token. */
  | { readonly kind: 'unit-norm'; readonly undone: boolean }
  /** (x − mean)/(std + 1e-5) for each token, std with N − 1; undone as y std + mean. */
  | { readonly kind: 'layer-norm'; readonly undone: boolean }
  /** x · input for all tokens; x̂ · output. */
  | { readonly kind: 'scale'; readonly input: number; readonly output: number }
  /** (x − mean) scale, a scale for each place; undone as y/(scale + 1e-8) + mean. */
  | { readonly kind: 'standardise'; readonly mean: Vector; readonly scale: Vector };

/**
 * What the norms n of the decoder's rows do. `scales`: h n goes through the activation, and what comes out is the
 * feature; its decoder row is divided by n. `ranks`: what comes out is divided by n again. n is the norm over all places
 * at once, or the sum of the norms of each.
 */
export type DecoderNorm =
  { readonly use: 'none' } | { readonly use: 'scales' | 'ranks'; readonly over: 'all places' | 'each place' };

/** x W for a matrix [in, out], or x Wᵀ for [out, in]: of the input as it came. */
export interface Skip {
  readonly tensor: WeightTensor;
  readonly transposed: boolean;
}

export function totalWidth({ places, width }: Side): number {
  return places * width;
}
