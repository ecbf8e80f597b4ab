/** Where in the picture a layer, or one of its channels, is silent. */
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { LayerSummary, Quantity } from '../../src/core/passes/result.js';
import { singular } from '../../src/core/passes/words.js';
import type { HeatmapActions } from '../heatmap/heatmap.js';
import { Heatmap } from '../heatmap/heatmap.js';
import type { MatrixLabels, MatrixSource } from '../heatmap/matrix.js';
import { MapFrame } from '../linear/map/map-frame.js';
import { restsOn } from '../shell/rests-on.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { result } from '../state/session.js';

interface SilenceMapProps {
  readonly layer: LayerSummary;
  readonly unit?: number;
}

/** Nothing where the pass did not run, or the layer is no picture. */
export function SilenceMap({ layer, unit }: SilenceMapProps): JSX.Element | null {
  const current = result.value;
  const map = useResource(
    (signal) => host.positionMap({ layer: layer.value, ...(unit === undefined ? {} : { unit }) }, signal),
    [current, layer.value, unit],
    true,
  );
  const actions = useRef<HeatmapActions>();
  const word = singular(layer.unitWord);
  const name = unit === undefined ? layer.label : `${layer.label} ${word} ${unit}`;
  const definition =
    unit === undefined
      ? `Share of ${layer.unitWord} × inputs that are exactly 0 at each place of the feature map.`
      : 'Share of inputs on which the channel is exactly 0 at each place of the feature map; places are put together where it is larger than 32 × 32.';
  const found = map.value;
  const source = useMemo((): MatrixSource | undefined => {
    if (found === undefined) return undefined;
    const { rows, columns, values } = found;
    const quantity: Quantity = {
      id: `silence ${unit ?? ''}`,
      label: 'Silent',
      definition,
      format: 'share',
      scale: 'sequential',
    };
    return {
      rows,
      columns,
      tile: ([top, bottom], [left, right]) =>
        Promise.resolve(
          Float32Array.from({ length: (bottom - top) * (right - left) }, (_, at) => {
            const row = top + Math.floor(at / (right - left));
            return values[row * columns + left + (at % (right - left))] ?? NaN;
          }),
        ),
      rowLength: () => columns,
      quantity,
      domain: [0, 1],
      clipped: false,
    };
  }, [found]);
  const labels = useMemo(
    (): MatrixLabels => ({
      row: (row) => `row ${row}`,
      cell: (row, column) => `${name}, row ${row}, column ${column}`,
      columnAxis: 'column',
    }),
    [name],
  );
  if (found === undefined || source === undefined) return null;
  const title = `Where ${name} is silent`;
  const saved = { title, foot: restsOn(current), dims: [found.rows, found.columns], values: found.values };
  return (
    <MapFrame title={title} definition={definition} saved={saved}>
      <div class="silence-map">
        <Heatmap
          label={title}
          source={source}
          labels={labels}
          selected={undefined}
          onSelect={() => undefined}
          amongText
          actions={actions}
        />
      </div>
      <p class="chart-foot muted">{restsOn(current)}</p>
    </MapFrame>
  );
}
