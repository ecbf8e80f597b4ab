/** How a cell of a picture is called: the indices of its element, "[3, 0, 1, 2]". */
import type { PictureView } from '../../src/core/weights/picture.js';

export function cellName(dims: readonly number[], picture: PictureView, row: number, column: number): string {
  const indices = [...(picture.kind === 'kernels' ? picture.indices : picture.view.indices)];
  if (picture.kind === 'kernels') {
    const [height = 1, width = 1] = dims.slice(-2);
    const inside = [row % (height + 1), column % (width + 1)];
    if (inside[0] === height || inside[1] === width) return ', between two kernels';
    indices[0] = Math.floor(row / (height + 1));
    indices[1] = Math.floor(column / (width + 1));
    indices.splice(-2, 2, ...inside);
  } else {
    const { rowAxis, columnAxis } = picture.view;
    if (rowAxis !== undefined) indices[rowAxis] = row;
    if (columnAxis !== undefined) indices[columnAxis] = column;
  }
  return `[${indices.join(', ')}]`;
}
