/** Products of small matrices in float64: the one step of singular values that an engine does faster than we do. */

/**
 * `left · rightᵀ`, all row-major: left is rows × inner, right is columns × inner, the product rows × columns. Called with
 * tiles small enough that the thread can be told to stop between two of them.
 */
export type MatrixProduct = (
  left: Float64Array,
  right: Float64Array,
  size: { readonly rows: number; readonly columns: number; readonly inner: number },
) => Promise<Float64Array>;

/** In this thread, without an engine. */
export const ownProduct: MatrixProduct = (left, right, { rows, columns, inner }) => {
  const product = new Float64Array(rows * columns);
  // Four rows by two columns at a time: eight sums and six factors fit the processor's sixteen registers.
  const [evenRows, evenColumns] = [rows - (rows % 4), columns - (columns % 2)];
  for (let row = 0; row < evenRows; row += 4) {
    for (let column = 0; column < evenColumns; column += 2) {
      const a = row * inner;
      const b = a + inner;
      const c = b + inner;
      const d = c + inner;
      const x = column * inner;
      const y = x + inner;
      let a0 = 0;
      let a1 = 0;
      let b0 = 0;
      let b1 = 0;
      let c0 = 0;
      let c1 = 0;
      let d0 = 0;
      let d1 = 0;
      for (let k = 0; k < inner; k++) {
        const first = right[x + k] as number;
        const second = right[y + k] as number;
        const ak = left[a + k] as number;
        const bk = left[b + k] as number;
        const ck = left[c + k] as number;
        const dk = left[d + k] as number;
        a0 += ak * first;
        a1 += ak * second;
        b0 += bk * first;
        b1 += bk * second;
        c0 += ck * first;
        c1 += ck * second;
        d0 += dk * first;
        d1 += dk * second;
      }
      const at = row * columns + column;
      product[at] = a0;
      product[at + 1] = a1;
      product[at + columns] = b0;
      product[at + columns + 1] = b1;
      product[at + 2 * columns] = c0;
      product[at + 2 * columns + 1] = c1;
      product[at + 3 * columns] = d0;
      product[at + 3 * columns + 1] = d1;
    }
  }
  for (let row = 0; row < rows; row++) {
    for (let column = row < evenRows ? evenColumns : 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += (left[row * inner + k] as number) * (right[column * inner + k] as number);
      product[row * columns + column] = sum;
    }
  }
  return Promise.resolve(product);
};
