/** How one feature goes together with many columns of numbers, token by token (formats 3.4): Pearson and cosine, streamed. */

export interface CorrelationSums {
  tokens: number;
  /** Of the feature: Σ f, Σ f². */
  sum: number;
  squares: number;
  /** Of each column x, less `around` so that nothing cancels where its mean is large: Σ x, Σ x², Σ f x. */
  readonly sums: Float64Array;
  readonly columnSquares: Float64Array;
  readonly products: Float64Array;
  /** The first token, or zeros where columns are zero most of the time. */
  around: Float64Array | undefined;
}

export function correlationSums(columns: number, around: 'first token' | 'zero'): CorrelationSums {
  return {
    tokens: 0,
    sum: 0,
    squares: 0,
    sums: new Float64Array(columns),
    columnSquares: new Float64Array(columns),
    products: new Float64Array(columns),
    around: around === 'zero' ? new Float64Array(columns) : undefined,
  };
}

/** @param own the feature at each token. @param rows row-major [tokens, columns]. */
export function addCorrelation(into: CorrelationSums, own: Float32Array, rows: Float32Array): void {
  const { sums, columnSquares, products } = into;
  const columns = sums.length;
  const around = (into.around ??= Float64Array.from(rows.subarray(0, columns)));
  let at = 0;
  for (const f of own) {
    into.sum += f;
    into.squares += f * f;
    for (let column = 0; column < columns; column++, at++) {
      const x = (rows[at] as number) - (around[column] as number);
      if (x === 0) continue;
      sums[column] = (sums[column] as number) + x;
      columnSquares[column] = (columnSquares[column] as number) + x * x;
      if (f !== 0) products[column] = (products[column] as number) + f * x;
    }
  }
  into.tokens += own.length;
}

export interface Correlations {
  /** Of each column; NaN where it, or the feature, is the same at all tokens, or anything is not finite. */
  readonly pearson: Float64Array;
  /** Σ f x / √(Σ f² Σ x²), nothing taken off; NaN where one of them is zero at all tokens. */
  readonly cosine: Float64Array;
}

/** A variance below this share of the mean square is rounding. */
const ROUNDING = 1e-12;

export function correlations(totals: CorrelationSums): Correlations {
  const { tokens, sum, squares, sums, columnSquares, products, around } = totals;
  const [pearson, cosine] = [new Float64Array(sums.length), new Float64Array(sums.length)];
  const variance = squares - (sum * sum) / tokens;
  sums.forEach((offset, column) => {
    const [offsets, product] = [columnSquares[column] as number, products[column] as number];
    const a = around?.[column] ?? 0;
    const spread = offsets - (offset * offset) / tokens;
    const varies = variance > ROUNDING * squares && spread > ROUNDING * offsets;
    pearson[column] = varies ? (product - (sum * offset) / tokens) / Math.sqrt(variance * spread) : NaN;
    cosine[column] = (product + a * sum) / Math.sqrt(squares * (offsets + 2 * a * offset + a * a * tokens));
  });
  return { pearson, cosine };
}
