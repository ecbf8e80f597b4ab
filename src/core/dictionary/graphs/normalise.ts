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
}

/** Keeps tokens of zeros apart from a division by zero; far below any norm that means something. */
const SMALLEST_NORM = 1e-30;
const EPSILON = 1e-5;
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
      return { value: x, undo: unchanged };
    case 'unit-norm': {
      const norm = writer.node('Sqrt', [sum(writer.node('Mul', [x, x]))]);
      const factor = writer.node('Div', [
        writer.float(Math.sqrt(width)),
        writer.node('Max', [norm, writer.float(SMALLEST_NORM)]),
      ]);
      return {
        value: writer.node('Mul', [x, factor]),
        undo: normalisation.undone ? (output) => writer.node('Div', [output, factor]) : unchanged,
      };
    }
    case 'layer-norm': {
      const mean = writer.node('Div', [sum(x), writer.float(width)]);
      const centred = writer.node('Sub', [x, mean]);
      const variance = writer.node('Div', [sum(writer.node('Mul', [centred, centred])), writer.float(width - 1)]);
      const deviation = writer.node('Sqrt', [variance]);
      return {
        value: writer.node('Div', [centred, writer.node('Add', [deviation, writer.float(EPSILON)])]),
        undo: normalisation.undone
          ? (output) => writer.node('Add', [writer.node('Mul', [output, deviation]), mean])
          : unchanged,
      };
    }
    case 'scale': {
      const { input, output } = normalisation;
      return {
        value: writer.node('Mul', [x, writer.float(input)]),
        undo: output === 1 ? unchanged : (written) => writer.node('Mul', [written, writer.float(output)]),
      };
    }
    case 'standardise': {
      const apart = writer.ints([-1, reads.places, reads.width]);
      const together = writer.ints([-1, width]);
      const mean = await vectorValue(writer, weights, normalisation.mean, [reads.places, reads.width]);
      const scale = await vectorValue(writer, weights, normalisation.scale, [reads.places, 1]);
      const centred = writer.node('Sub', [writer.node('Reshape', [x, apart]), mean]);
      const divisor = writer.node('Add', [scale, writer.float(SCALE_EPSILON)]);
      return {
        value: writer.node('Reshape', [writer.node('Mul', [centred, scale]), together]),
        undo(output) {
          const scaled = writer.node('Div', [writer.node('Reshape', [output, apart]), divisor]);
          return writer.node('Reshape', [writer.node('Add', [scaled, mean]), together]);
        },
      };
    }
  }
}
