/**
 * Activation layers: the values whose units a person asks about. A layer is the output of a non-linearity
 * (recognised in layer-detection.ts, also when it is spelled as several nodes), named by the ONNX value that carries it.
 */
export type ActivationFamily =
  /** Exactly zero on a half line: Relu, Clip at 0, ThresholdedRelu, HardSwish… "Never fires" has its plain meaning. */
  | 'rectifier'
  /** Bounded on both sides: Tanh, Sigmoid, HardSigmoid… Can saturate. */
  | 'saturating'
  /** Smooth or leaky, never exactly zero: Gelu, Silu, Elu, LeakyRelu, Softplus… */
  | 'smooth'
  /** The hidden state of LSTM, GRU, RNN. */
  | 'recurrent'
  /** Softmax and its kin over an inner axis: attention patterns. */
  | 'distribution'
  /** Any other value of the graph, when a person asks for all of them. */
  | 'value';

export interface ActivationLayer {
  /** ONNX value name: the layer's identity everywhere. */
  readonly value: string;
  /** Short name for a person, unique in the model: "layer2.0.conv1", "h.3.mlp". */
  readonly label: string;
  /** Module path, outermost first, for the collapsed graph: ["layer2", "0"]. */
  readonly module: readonly string[];
  /** Operator as shown: "Relu", "Gelu (Erf)", "LSTM". */
  readonly operator: string;
  readonly family: ActivationFamily;
  /** Range of the function's values, where it is bounded: [0, ∞) of Relu is { lower: 0 }. */
  readonly range: { readonly lower?: number; readonly upper?: number };
}

/** A layer whose axes are known (from a probe run). Units of a convolution are channels, its sites are positions. */
export interface ObservedLayer extends ActivationLayer {
  /** Shape for one example, with the example axis left out; −1 where it changes from input to input. */
  readonly shape: readonly number[];
  /** Axis of the full value that counts examples, or undefined when a value has none (then a run is one example). */
  readonly exampleAxis: number | undefined;
  /** When the example axis also counts positions, as in [batch · tokens, width]: positions per example (−1 = varies). */
  readonly foldedPositions: number | undefined;
  /** Axes (of the full value) that together name a unit, in order. */
  readonly unitAxes: readonly number[];
  /** All other axes of the full value but the example axis: height and width, time, heads. */
  readonly positionAxes: readonly number[];
  readonly units: number;
  /** "channels", "neurons", "hidden units". */
  readonly unitWord: string;
  /** "positions" of a picture, "tokens" of a sequence; absent where there is one value per unit and input. */
  readonly positionWord?: string;
}
