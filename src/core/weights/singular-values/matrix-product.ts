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
      let [a0, a1, b0, b1, c0, c1, d0, d1] = [0, 0, 0, 0, 0, 0, 0, 0];
      let [a, b, c, d] = [row * inner, (row + 1) * inner, (row + 2) * inner, (row + 3) * inner];
      let [x, y] = [column * inner, (column + 1) * inner];
      for (const end = x + inner; x < end; a++, b++, c++, d++, x++, y++) {
        const first = right[x] as number;
        const second = right[y] as number;
        a0 += (left[a] as number) * first;
        a1 += (left[a] as number) * second;
        b0 += (left[b] as number) * first;
        b1 += (left[b] as number) * second;
        c0 += (left[c] as number) * first;
        c1 += (left[c] as number) * second;
        d0 += (left[d] as number) * first;
        d1 += (left[d] as number) * second;
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
