/** From a normalised input to features. */
import type { GraphWriter } from '../../rewrite/graph-writer.js';
import { elementCount } from '../../tensor/tensor.js';
import { totalWidth, type Coder } from '../coder.js';
import { encodeProduct, rowNorms, vectorValue } from './parts.js';
import type { GraphWeights } from './weights.js';

/** @param x what `normalise` gave, [tokens, width]. @returns features, [tokens, features]. */
export async function encode(writer: GraphWriter, weights: GraphWeights, coder: Coder, x: string): Promise<string> {
  const { features, subtracted, encoderBias, glu, decoderNorm, encoder } = coder;
  const input =
    subtracted === undefined
      ? x
      : writer.node('Sub', [x, await vectorValue(writer, weights, subtracted, [totalWidth(coder.reads)])]);
  let h = await encodeProduct(writer, weights, encoder, input);
  if (encoderBias !== undefined)
    h = writer.node('Add', [h, await vectorValue(writer, weights, encoderBias, [features])]);
  if (glu !== undefined) {
    const product = await encodeProduct(writer, weights, glu.encoder, input);
    const gate = writer.node('Add', [product, await vectorValue(writer, weights, glu.bias, [features])]);
    h = writer.node('Mul', [h, writer.node('Sigmoid', [gate])]);
  }
  if (decoderNorm.use === 'none') return activate(writer, weights, coder, h);
  const norms = await decoderNorms(writer, weights, coder);
  const f = await activate(writer, weights, coder, writer.node('Mul', [h, norms]));
  return decoderNorm.use === 'ranks' ? writer.node('Div', [f, norms]) : f;
}

/** [features]. */
export function decoderNorms(writer: GraphWriter, weights: GraphWeights, coder: Coder): Promise<string> {
  const { decoder, decoderNorm, writes } = coder;
  const isEach = decoderNorm.use !== 'none' && decoderNorm.over === 'each place';
  return rowNorms(writer, weights, decoder, isEach ? writes.places : 1);
}

async function activate(writer: GraphWriter, weights: GraphWeights, coder: Coder, h: string): Promise<string> {
  const { activation, features } = coder;
  switch (activation.kind) {
    case 'relu':
      return writer.node('Relu', [h]);
    case 'jumprelu': {
      const { threshold, relu } = activation;
      const limit =
        typeof threshold === 'number'
          ? writer.float(threshold)
          : await vectorValue(writer, weights, threshold, [elementCount(threshold.tensor.dims)]);
      const above = writer.node('Greater', [h, limit]);
      return writer.node('Where', [above, relu ? writer.node('Relu', [h]) : h, writer.float(0)]);
    }
    case 'topk': {
      const { k, relu, magnitude } = activation;
      const values = relu ? writer.node('Relu', [h]) : h;
      return largest(writer, values, k, magnitude);
    }
    case 'groupmax': {
      const { groups } = activation;
      const apart = writer.node('Reshape', [writer.node('Relu', [h]), writer.ints([-1, groups, features / groups])]);
      return writer.node('Reshape', [largest(writer, apart, 1, false), writer.ints([-1, features])]);
    }
    case 'gated': {
      const [gateBias, scale, bias] = [
        await vectorValue(writer, weights, activation.gateBias, [features]),
        await vectorValue(writer, weights, activation.magnitudeScale, [features]),
        await vectorValue(writer, weights, activation.magnitudeBias, [features]),
      ];
      const isOn = writer.node('Greater', [writer.node('Add', [h, gateBias]), writer.float(0)]);
      const scaled = writer.node('Mul', [h, writer.node('Exp', [scale])]);
      const magnitude = writer.node('Relu', [writer.node('Add', [scaled, bias])]);
      return writer.node('Where', [isOn, magnitude, writer.float(0)]);
    }
  }
}

/** The k largest of the last axis where they were, all others 0; of equal ones the first (ONNX TopK). */
function largest(writer: GraphWriter, values: string, k: number, magnitude: boolean): string {
  const ranked = magnitude ? writer.node('Abs', [values]) : values;
  const [, indices = ''] = writer.nodes('TopK', [ranked, writer.ints([k])], 2, { axis: -1, largest: 1, sorted: 0 });
  const zeros = writer.node('ConstantOfShape', [writer.node('Shape', [values])]);
  const kept = writer.node('GatherElements', [values, indices], { axis: -1 });
  return writer.node('ScatterElements', [zeros, indices, kept], { axis: -1 });
}
