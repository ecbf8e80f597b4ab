/** A tensor as a picture: two of its axes, or all kernels of a convolution. */
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Quantity } from '../../src/core/passes/result.js';
import type { Domain } from '../../src/core/picture/colormap.js';
import { pictureSize, type PictureView } from '../../src/core/weights/picture.js';
import type { TensorStatistics } from '../../src/core/weights/statistics.js';
import type { TensorRow } from '../../src/protocol/weights.js';
import { framedPng } from '../charts/picture.js';
import { IconButton } from '../controls/button.js';
import { Select } from '../controls/select.js';
import { fileName, formatShape } from '../format/words.js';
import { Heatmap, type HeatmapActions } from '../heatmap/heatmap.js';
import { robustDomain, type MatrixLabels, type MatrixSource } from '../heatmap/matrix.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { save, useExportable } from '../state/exports.js';
import { ui } from '../state/interface-state.js';
import { useResource } from '../state/resource.js';
import { openedModel } from '../state/session.js';
import { AxisPicker } from './axis-picker.js';
import { cellName } from './cell-name.js';

const ZOOM_STEP = 1.5;
/** Values that the colours are fitted to until all were read. */
const SAMPLED = 256;
const LOWEST_PX = 90;
const TALLEST_PX = 420;

interface TensorPictureProps {
  readonly index: number;
  readonly row: TensorRow;
  readonly picture: PictureView;
  readonly onPicture: (picture: PictureView) => void;
  /** Once they are known. */
  readonly statistics: TensorStatistics | undefined;
}

export function TensorPicture({ index, row, picture, onPicture, statistics }: TensorPictureProps): JSX.Element {
  const actions = useRef<HeatmapActions>();
  const blocks = ui.pictureBlocks.value;
  const size = pictureSize(row.dims, picture);
  const sample = useResource(
    (signal) =>
      host.tensorTile(
        {
          tensor: index,
          picture,
          rows: [0, SAMPLED],
          columns: [0, SAMPLED],
          rowStep: 1,
          columnStep: 1,
          reduction: blocks,
        },
        signal,
      ),
    [openedModel.value, index, picture],
  );
  const source = useMemo(
    () => sample.value && pictureSource(index, picture, size, blocks, colors(sample.value.values, statistics)),
    [sample.value, blocks, statistics],
  );
  const labels = useMemo(() => labelsOf(row, picture), [row, picture]);
  const exportable = {
    suggestedName: fileName(row.name, 'png'),
    make: () => {
      const canvas = actions.current?.canvas();
      const foot = `${openedModel.peek()?.overview.fileName ?? ''}, ${formatShape(row.dims)} ${row.dtype}`;
      return canvas ? framedPng(canvas, row.name, foot) : new Uint8Array();
    },
  };
  const touched = useExportable(exportable);
  return (
    <section class="tensor-picture" onPointerDown={touched} onFocusCapture={touched}>
      <div class="frame-head">
        <h3 class="frame-title">Picture</h3>
        <span class="spacer-flex" />
        <IconButton icon="minus" label="Zoom out (−)" onClick={() => actions.current?.zoom(1 / ZOOM_STEP)} />
        <IconButton icon="plus" label="Zoom in (+)" onClick={() => actions.current?.zoom(ZOOM_STEP)} />
        <IconButton icon="fit" label="Show all (0)" onClick={() => actions.current?.fit()} />
        <IconButton icon="save" label="Save as PNG" onClick={() => void save(exportable)} />
      </div>
      <div class="picture-tools">
        <AxisPicker dims={row.dims} picture={picture} onPicture={onPicture} />
        <Select
          label="Small cells show"
          value={blocks}
          choices={[
            { value: 'mean', label: 'the mean of each block' },
            { value: 'extreme', label: 'the largest magnitude' },
          ]}
          onChange={(choice) => (ui.pictureBlocks.value = choice === 'extreme' ? 'extreme' : 'mean')}
        />
      </div>
      {sample.error && <ProblemBox problem={sample.error} action="Try again" onAction={sample.retry} />}
      <div class="tensor-heatmap" style={{ height: `${heightFor(size.rows, size.columns)}px` }}>
        {source && (
          <Heatmap
            label={`Weights of ${row.name}`}
            source={source}
            labels={labels}
            selected={undefined}
            onSelect={() => undefined}
            actions={actions}
          />
        )}
      </div>
    </section>
  );
}

/** Rows and columns of kernels are counted by the outputs and inputs that they belong to. */
function labelsOf({ name, dims }: TensorRow, picture: PictureView): MatrixLabels {
  const cell = (row: number, column: number): string => `${name}${cellName(dims, picture, row, column)}`;
  if (picture.kind === 'matrix') return { row: String, cell, columnAxis: `axis ${picture.view.columnAxis ?? ''}` };
  const [height = 1, width = 1] = dims.slice(-2);
  return {
    row: (row) => String(Math.floor(row / (height + 1))),
    column: (column) => String(Math.floor(column / (width + 1))),
    cell,
    columnAxis: 'output ↓ input →',
  };
}

/** A few rows need little room; a square all of it. */
function heightFor(rows: number, columns: number): number {
  const foot = 100;
  return foot + Math.max(LOWEST_PX, Math.min(TALLEST_PX, rows * 14, (rows / columns) * 900));
}

interface Colors {
  readonly quantity: Quantity;
  readonly domain: Domain;
  readonly clipped: boolean;
}

/** From the 0.1 % to the 99.9 % quantile, so that a few outliers do not make everything else pale. */
function colors(sample: Float32Array, statistics: TensorStatistics | undefined): Colors {
  const lowest = statistics?.minimum ?? sample.reduce((least, value) => (value < least ? value : least), 0);
  const quantity: Quantity = {
    id: 'weight',
    label: 'Weight',
    definition: 'The value as it is stored.',
    format: 'number',
    scale: lowest < 0 ? 'diverging' : 'sequential',
  };
  if (statistics === undefined || statistics.finite === 0) return { quantity, ...robustDomain(sample, quantity) };
  const edges = [...statistics.quantiles.map(({ value }) => value), statistics.minimum, statistics.maximum];
  const inner = statistics.quantiles.map(({ value }) => value);
  const { domain } = robustDomain(Float32Array.from(inner), quantity);
  return { quantity, domain, clipped: edges.some((value) => value < domain[0] || value > domain[1]) };
}

function pictureSource(
  tensor: number,
  picture: PictureView,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  reduction: 'mean' | 'extreme',
  colorsUsed: Colors,
): MatrixSource {
  return {
    rows,
    columns,
    ...colorsUsed,
    reduces: reduction === 'mean' ? 'mean' : 'largest magnitude',
    rowLength: () => columns,
    tile: async (rowRange, columnRange, signal, { row: rowStep, column: columnStep }) =>
      (
        await host.tensorTile(
          { tensor, picture, rows: rowRange, columns: columnRange, rowStep, columnStep, reduction },
          signal,
        )
      ).values,
  };
}
