/** Tensors of weights as they cross between worker, host and page. A tensor is named by its place in the file. */
/** A row of the table of all tensors. */
export interface TensorRow {
  /** Fit to be shown. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: string;
  readonly elements: number;
  readonly bytes: number;
  readonly file?: string;
  /** Why its numbers cannot be shown, if so. */
  readonly unreadable?: string;
}

/** A message stays far below 4 MB, whatever the names. */
export const TENSOR_ROWS = 4000;

export interface TensorRows {
  readonly rows: readonly TensorRow[];
  readonly total: number;
}
