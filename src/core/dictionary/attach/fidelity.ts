/**
 * How well a dictionary gives back what it was given: every definition of “explained variance” that is in use (formats
 * 3.3), from sums over tokens that take no room for the tokens.
 */
import { addVarianceOfRow, unexplainedVariance, varianceAroundMean, varianceSums } from '../unexplained-variance.js';

/** Means over the tokens counted, [width]. */
export interface Means {
  readonly tokens: number;
  readonly mean: Float64Array;
}

export interface MeanSums {
  add(values: Float32Array, counted: Uint8Array): void;
  finish(): Means;
}

export function meanSums(width: number): MeanSums {
  const sums = new Float64Array(width);
  let tokens = 0;
  return {
    add(values, counted) {
      counted.forEach((counts, row) => {
        if (counts === 0) return;
        tokens++;
        for (let i = 0; i < width; i++) sums[i] = (sums[i] as number) + (values[row * width + i] as number);
      });
    },
    finish: () => ({ tokens, mean: sums.map((sum) => sum / tokens) }),
  };
}

/** What is known of the features of each token. */
export interface TokenCounts {
  /** f > 0. */
  readonly positive: Float32Array;
  /** f ≠ 0. */
  readonly nonZero: Float32Array;
}

export interface Fidelity {
  readonly tokens: number;
  /** Σ‖y − ŷ‖² / Σ‖y − mean‖², over all tokens and dims (methods B1). Above 1: worse than the mean. */
  readonly fvu: number;
  /** The same over all tokens but the first of each example, with their own mean; undefined where there are none. */
  readonly fvuWithoutFirst?: number;
  /** Mean number of features above 0, and of features that are not 0, of a token. */
  readonly l0: number;
  readonly l0NonZero: number;
  /** Mean over tokens of the cosine between y and ŷ. */
  readonly cosine: number;
  /** E‖ŷ‖² / E[y·ŷ]; 1 is unbiased (arXiv 2404.16014, eq. 10). */
  readonly relativeBias: number;
  readonly definitions: readonly Explained[];
}

/** One number that is called explained variance. */
export interface Explained {
  readonly name: string;
  readonly value: number;
  readonly formula: string;
  readonly source: string;
}

export interface FidelitySums {
  add(target: Float32Array, given: Float32Array, counted: Uint8Array, counts: TokenCounts): void;
  finish(): Fidelity;
}

export function fidelitySums(mean: Float64Array): FidelitySums {
  const width = mean.length;
  const [all, later] = [varianceSums(width, mean), varianceSums(width, mean)];
  const sum = {
    squares: 0,
    given: 0,
    product: 0,
    legacy: 0,
    relative: 0,
    cosine: 0,
    l0: 0,
    l0NonZero: 0,
  };
  const errors = new Float64Array(width);
  return {
    add(target, given, counted, { positive, nonZero }) {
      counted.forEach((counts, row) => {
        if (counts === 0) return;
        const { error, spread } = addVarianceOfRow(all, target, given, row);
        if (counts === 1) addVarianceOfRow(later, target, given, row);
        let [squares, givenSquares, product] = [0, 0, 0];
        for (let i = 0; i < width; i++) {
          const y = target[row * width + i] as number;
          const yhat = given[row * width + i] as number;
          errors[i] = (errors[i] as number) + (y - yhat);
          squares += y ** 2;
          givenSquares += yhat ** 2;
          product += y * yhat;
        }
        sum.squares += squares;
        sum.given += givenSquares;
        sum.product += product;
        sum.legacy += 1 - error / spread;
        sum.relative += error / squares;
        sum.cosine += product / Math.sqrt(squares * givenSquares);
        sum.l0 += positive[row] as number;
        sum.l0NonZero += nonZero[row] as number;
      });
    },
    finish() {
      const { tokens, error } = all;
      const { squares } = sum;
      const spread = varianceAroundMean(all);
      const biasSquares = errors.reduce((all, each) => all + each ** 2, 0);
      const secondMoment = squares / (tokens * width);
      const hasFirst = later.tokens > 0 && later.tokens < tokens;
      return {
        tokens,
        fvu: unexplainedVariance(all),
        ...(hasFirst ? { fvuWithoutFirst: unexplainedVariance(later) } : {}),
        l0: sum.l0 / tokens,
        l0NonZero: sum.l0NonZero / tokens,
        cosine: sum.cosine / tokens,
        relativeBias: sum.given / sum.product,
        definitions: [
          {
            name: 'Explained variance, corrected',
            value: 1 - error / spread,
            formula: '1 − E‖x − x̂‖² / (E‖x‖² − ‖E x‖²)',
            source: 'SAELens since pull request 665, Llamascopium; 1 − FVU of sparsify over all tokens at once',
          },
          {
            name: 'Explained variance, SAELens 6.18 and SAEBench',
            value: 1 - error / tokens / (squares / tokens - secondMoment ** 2),
            formula: '1 − E‖x − x̂‖² / (E‖x‖² − (mean over dims of E[x_d²])²)',
            source: 'Squares a second moment and ignores the mean: grows with ‖x‖²/d',
          },
          {
            name: 'Explained variance, legacy',
            value: sum.legacy / tokens,
            formula: 'mean over tokens of 1 − ‖x − x̂‖² / ‖x − mean‖²',
            source: 'SAELens “explained_variance_legacy”, SAEBench’s paper; the mean is that of all tokens',
          },
          {
            name: 'Fraction of variance explained',
            value: 1 - (error - biasSquares / tokens) / spread,
            formula: '1 − Σ_d Var(x − x̂) / Σ_d Var(x)',
            source: 'dictionary_learning; blind to a constant error',
          },
          {
            name: '1 − normalised squared error',
            value: 1 - error / squares,
            formula: '1 − Σ(x − x̂)² / Σx²',
            source: 'OpenAI; ignores the mean',
          },
          {
            name: '1 − normalised squared error by token',
            value: 1 - sum.relative / tokens,
            formula: '1 − mean over tokens of mean_d(x̂ − x)² / mean_d x²',
            source: 'each token against its own size',
          },
        ],
      };
    },
  };
}
