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
  /** Directions whose product with what is read is the pre-activation, but for the offset: [features, width]. */
  encoderRows(features: readonly number[]): Promise<Float32Array>;
  /** What a pre-activation is where the product is 0. */
  encoderOffset(feature: number): number;
  /** [features, width of what is written]. */
  decoderRows(features: readonly number[]): Promise<Float32Array>;
  readonly decoderBias: Float32Array;
}
