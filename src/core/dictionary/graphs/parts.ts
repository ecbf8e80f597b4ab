/** Vectors, and products with matrices of features, whichever way round these are stored. */
import type { GraphWriter } from '../../rewrite/graph-writer.js';
import type { Vector } from '../coder.js';
import type { FeatureMatrix } from '../feature-matrix.js';
import type { GraphWeights } from './weights.js';

/** @param dims as many numbers as the vector has. */
export async function vectorValue(
  writer: GraphWriter,
  weights: GraphWeights,
  { tensor, exponential }: Vector,
  dims: readonly number[],
): Promise<string> {
  const value = await weights.value(tensor, dims);
  return exponential === true ? writer.node('Exp', [value]) : value;
}

interface StoredMatrix {
  readonly value: string;
  /** Whether rows are features, or columns. */
  readonly rows: 'features' | 'width';
}

/** x W for rows that read: [tokens, width] → [tokens, features]. */
export async function encodeProduct(
  writer: GraphWriter,
  weights: GraphWeights,
  matrix: FeatureMatrix,
  x: string,
): Promise<string> {
  const { value, rows } = await stored(writer, weights, matrix);
  return writer.node('Gemm', [x, value], { transB: rows === 'features' ? 1 : 0 });
}

/** f W for rows that are written: [tokens, features] → [tokens, width]. */
export async function decodeProduct(
  writer: GraphWriter,
  weights: GraphWeights,
  matrix: FeatureMatrix,
  f: string,
): Promise<string> {
  const { value, rows } = await stored(writer, weights, matrix);
  return writer.node('Gemm', [f, value], { transB: rows === 'features' ? 0 : 1 });
}

async function stored(writer: GraphWriter, weights: GraphWeights, matrix: FeatureMatrix): Promise<StoredMatrix> {
  const { tensor, features, width, outer, inner } = matrix;
  if (outer === 1) return { value: await weights.value(tensor, [features, width]), rows: 'features' };
  if (inner === 1) return { value: await weights.value(tensor, [width, features]), rows: 'width' };
  const whole = await weights.value(tensor, [outer, features, inner]);
  const turned = writer.node('Transpose', [whole], { perm: [1, 0, 2] });
  return { value: writer.node('Reshape', [turned, writer.ints([features, width])]), rows: 'features' };
}

/** A feature whose decoder is zero writes nothing, whatever it is divided by. */
const SMALLEST_NORM = 1e-30;

/**
 * The norm of each row, [features].
 * @param places norms of so many equal parts of the row are added; 1: one norm of all.
 */
export async function rowNorms(
  writer: GraphWriter,
  weights: GraphWeights,
  matrix: FeatureMatrix,
  places: number,
): Promise<string> {
  const { value, rows } = await stored(writer, weights, matrix);
  const squares = writer.node('Mul', [value, value]);
  const wide = matrix.width / places;
  const shape = rows === 'features' ? [matrix.features, places, wide] : [places, wide, matrix.features];
  const apart = writer.node('Reshape', [squares, writer.ints(shape)]);
  const byPlace = writer.node('Sqrt', [writer.reduce('ReduceSum', apart, [rows === 'features' ? 2 : 1])]);
  const norms = writer.reduce('ReduceSum', byPlace, [rows === 'features' ? 1 : 0]);
  return writer.node('Max', [norms, writer.float(SMALLEST_NORM)]);
}
