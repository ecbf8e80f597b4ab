/** What a circuit asks of a transcoder. */
export interface ActiveFeature {
  readonly position: number;
  readonly feature: number;
  readonly activation: number;
  /** Before the activation function. */
  readonly preActivation: number;
}

export interface CircuitCoder {
  readonly features: number;
  /** @param rows [positions, width], what the transcoder reads. @returns in the order of positions, then of features. */
  encode(rows: Float32Array, positions: number): Promise<readonly ActiveFeature[]>;
  encoderRows(features: readonly number[]): Promise<EncoderRows>;
  /** [features, width of what is written]. */
  decoderRows(features: readonly number[]): Promise<Float32Array>;
  readonly decoderBias: Float32Array;
}

/** Pre-activations are rows · what is read + offsets. */
export interface EncoderRows {
  /** [features, width of what is read]. */
  readonly rows: Float32Array;
  readonly offsets: Float64Array;
}

/** For a layer without a transcoder: all that its MLP writes is an error. @param width of what is written. */
export function noFeatures(width: number): CircuitCoder {
  return {
    features: 0,
    encode: async () => [],
    encoderRows: async () => ({ rows: new Float32Array(), offsets: new Float64Array() }),
    decoderRows: async () => new Float32Array(),
    decoderBias: new Float32Array(width),
  };
}
