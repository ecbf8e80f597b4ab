/** From features to what is written, before the normalisation is undone. */
import { floatTensor } from '../../rewrite/nodes.js';
import type { GraphWriter } from '../../rewrite/graph-writer.js';
import { totalWidth, type Coder } from '../coder.js';
import { decoderNorms } from './encode.js';
import { decodeProduct, vectorValue } from './parts.js';
import type { GraphWeights } from './weights.js';

/** @param f [tokens, features]. @returns [tokens, width of what is written]. */
export async function decode(writer: GraphWriter, weights: GraphWeights, coder: Coder, f: string): Promise<string> {
  const { decoder, decoderNorm, added, writes } = coder;
  const scaled = decoderNorm.use === 'scales' ? writer.node('Div', [f, await decoderNorms(writer, weights, coder)]) : f;
  const product = await decodeProduct(writer, weights, decoder, scaled);
  if (added === undefined) return product;
  const { vector, place } = added;
  const own = await vectorValue(writer, weights, vector, [place === undefined ? totalWidth(writes) : writes.width]);
  return writer.node('Add', [product, place === undefined ? own : widened(writer, own, writes, place)]);
}

/** Zeros at all places but one. */
function widened(writer: GraphWriter, value: string, { places, width }: Coder['writes'], place: number): string {
  const zeros = (count: number): string[] =>
    count === 0
      ? []
      : [writer.initializer((name) => floatTensor(name, [count * width], new Array<number>(count * width).fill(0)))];
  const parts = [...zeros(place), value, ...zeros(places - place - 1)];
  return parts.length === 1 ? value : writer.node('Concat', parts, { axis: 0 });
}

/** What goes past the features: of the input as it came. @param x [tokens, width of what is read]. */
export async function skip(writer: GraphWriter, weights: GraphWeights, coder: Coder, x: string): Promise<string> {
  const { tensor, transposed } = coder.skip ?? {};
  if (tensor === undefined) throw new Error('The coder has no skip connection.');
  return writer.node('Gemm', [x, await weights.value(tensor, tensor.dims)], { transB: transposed === true ? 1 : 0 });
}
