/** Tensors of weights as they cross between worker, host and page. A tensor is named by its place in the file. */
import type { DuplicateRows } from '../core/weights/duplicates.js';
import type { ValuesFormat } from '../core/weights/export-values.js';
import type { MatrixView } from '../core/weights/matrix-view.js';
import type { MatrixNorms } from '../core/weights/norms.js';
import type { PictureView, TileRequest } from '../core/weights/picture.js';
import type { SingularValues } from '../core/weights/singular-values.js';
import type { TensorStatistics } from '../core/weights/statistics.js';
import type { MatrixTile } from './inspection.js';
import type { OnProgress } from './rpc.js';

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

/** Where the graph uses a tensor. */
export interface TensorUse {
  /** Id of the node that reads it. */
  readonly item: string;
  /** Fit to be shown: "conv1 (Conv)". */
  readonly label: string;
}

export interface TensorDetail {
  readonly row: TensorRow;
  /** Nodes of the main graph that read it, the first {@link TENSOR_USES}. */
  readonly usedBy: readonly TensorUse[];
  readonly uses: number;
}

export const TENSOR_USES = 50;

export interface PictureTileRequest extends TileRequest {
  readonly tensor: number;
  readonly picture: PictureView;
}

export interface PictureTileAnswer extends MatrixTile {
  /** Above 1 where a block has more rows than were read: every how many of its rows was. */
  readonly everyRow: number;
}

export interface ValuesRequest {
  readonly tensor: number;
  readonly view: MatrixView;
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** What the worker answers about tensors of weights. Long questions tell of their progress and can be cancelled. */
export interface TensorQuestions {
  /** Rows of the table of all tensors; at most {@link TENSOR_ROWS} of them at once. */
  tensors(request: { readonly start: number }, signal?: AbortSignal): Promise<TensorRows>;
  tensorDetail(request: { readonly tensor: number }, signal?: AbortSignal): Promise<TensorDetail>;
  /** Reads the whole tensor. */
  tensorStatistics(
    request: { readonly tensor: number },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<TensorStatistics>;
  tensorTile(request: PictureTileRequest, signal?: AbortSignal): Promise<PictureTileAnswer>;
  /** Exact values as text, row by row. */
  tensorValues(request: ValuesRequest, signal?: AbortSignal): Promise<readonly (readonly string[])[]>;
  /** Of the matrix whose rows run along one axis and whose columns are all other axes. Reads the whole tensor. */
  tensorNorms(
    request: { readonly tensor: number; readonly axis: number },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<MatrixNorms>;
  /** Rows along one axis that are equal, or nearly; all other axes are columns. Reads the whole tensor. */
  tensorDuplicates(
    request: { readonly tensor: number; readonly axis: number },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<DuplicateRows>;
  /** Of the matrix whose rows run along one axis and whose columns are all other axes. Takes minutes for large ones. */
  tensorSingularValues(
    request: { readonly tensor: number; readonly axis: number },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<SingularValues>;
  /** Writes all values to a file. */
  writeTensor(
    request: { readonly tensor: number; readonly format: ValuesFormat; readonly path: string },
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<void>;
}
