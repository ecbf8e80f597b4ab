/** Operators that leave the places of a value where they are: each row of what they give is of the same row. */

/** Each number is of the same place of their inputs; smaller inputs are repeated. */
export const SAME_PLACES: ReadonlySet<string> = new Set([
  ...['Identity', 'Cast', 'CastLike', 'Dropout', 'QuantizeLinear', 'DequantizeLinear'],
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Where', 'Max', 'Min', 'Sum'],
  ...['Neg', 'Abs', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Erf', 'Clip', 'IsNaN', 'Sin', 'Cos'],
  ...[
    'Relu',
    'LeakyRelu',
    'PRelu',
    'Elu',
    'Selu',
    'Celu',
    'Gelu',
    'Mish',
    'Swish',
    'HardSwish',
    'Sigmoid',
    'HardSigmoid',
  ],
  ...['Tanh', 'Softplus', 'Softsign', 'ThresholdedRelu'],
]);

/** Change numbers of a row, along their last axis unless they say otherwise; of their first input. */
export const ALONG_ROWS: ReadonlySet<string> = new Set([
  ...['Softmax', 'LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization', 'RotaryEmbedding'],
]);
