/** What the input goes through before the encoder, and the output after the decoder. */
import type { GraphWriter } from '../../rewrite/graph-writer.js';
import { totalWidth, type Coder } from '../coder.js';
import { vectorValue } from './parts.js';
import type { GraphWeights } from './weights.js';

export interface Normalised {
  /** [tokens, width]. */
  readonly value: string;
  /** Undoes it on what is written. */
  undo(output: string): string;
  /** Undoes it on a difference of two things that are written: what is added alike to both is not added. */
  rescale(change: string): string;
}

/** Keeps tokens of zeros apart from a division by zero; far below any norm that means something. */
export const SMALLEST_NORM = 1e-30;
/** Added to the standard deviation of a token. */
export const STANDARD_DEVIATION_EPSILON = 1e-5;
const SCALE_EPSILON = 1e-8;

/** @param x [tokens, width of what is read], float32. */
export async function normalise(
  writer: GraphWriter,
  weights: GraphWeights,
  coder: Coder,
  x: string,
): Promise<Normalised> {
  const { normalisation, reads } = coder;
  const width = totalWidth(reads);
  const unchanged = (output: string): string => output;
  const sum = (value: string): string => writer.node('ReduceSum', [value, writer.ints([1])], { keepdims: 1 });
  switch (normalisation.kind) {
    case 'none':
      return { value: x, undo: unchanged, rescale: unchanged };
    case 'unit-norm': {
      const norm = writer.node('Sqrt', [sum(writer.node('Mul', [x, x]))]);
      const factor = writer.node('Div', [
        writer.float(Math.sqrt(width)),
        writer.node('Max', [norm, writer.float(SMALLEST_NORM)]),
      ]);
      const rescale = normalisation.undone ? (output: string) => writer.node('Div', [output, factor]) : unchanged;
      return { value: writer.node('Mul', [x, factor]), undo: rescale, rescale };
    }
    case 'layer-norm': {
      const mean = writer.node('Div', [sum(x), writer.float(width)]);
      const centred = writer.node('Sub', [x, mean]);
      const variance = writer.node('Div', [sum(writer.node('Mul', [centred, centred])), writer.float(width - 1)]);
      const deviation = writer.node('Sqrt', [variance]);
      const rescale = normalisation.undone ? (change: string) => writer.node('Mul', [change, deviation]) : unchanged;
      return {
        value: writer.node('Div', [centred, writer.node('Add', [deviation, writer.float(STANDARD_DEVIATION_EPSILON)])]),
        undo: normalisation.undone ? (output) => writer.node('Add', [rescale(output), mean]) : unchanged,
        rescale,
      };
    }
    case 'scale': {
      const { input, output } = normalisation;
      const rescale =
        output === 1 ? unchanged : (written: string) => writer.node('Mul', [written, writer.float(output)]);
      return { value: writer.node('Mul', [x, writer.float(input)]), undo: rescale, rescale };
    }
    case 'standardise': {
      const apart = writer.ints([-1, reads.places, reads.width]);
      const together = writer.ints([-1, width]);
      const mean = await vectorValue(writer, weights, normalisation.mean, [reads.places, reads.width]);
      const scale = await vectorValue(writer, weights, normalisation.scale, [reads.places, 1]);
      const centred = writer.node('Sub', [writer.node('Reshape', [x, apart]), mean]);
      const divisor = writer.node('Add', [scale, writer.float(SCALE_EPSILON)]);
      const divided = (output: string): string =>
        writer.node('Div', [writer.node('Reshape', [output, apart]), divisor]);
      return {
        value: writer.node('Reshape', [writer.node('Mul', [centred, scale]), together]),
        undo: (output) => writer.node('Reshape', [writer.node('Add', [divided(output), mean]), together]),
        rescale: (change) => writer.node('Reshape', [divided(change), together]),
      };
    }
  }
}
