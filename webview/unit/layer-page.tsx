/** One activation layer: what it is, its numbers, how its activations are distributed. */
import type { JSX } from 'preact';
import type { LayerSummary } from '../../src/core/passes/result.js';
import { HistogramChart } from '../charts/histogram-chart.js';
import { Button } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatQuantity } from '../format/numbers.js';
import { formatShape } from '../format/words.js';
import { ProblemBox } from '../shell/problem-box.js';
import { restsOn } from '../shell/rests-on.js';
import { host } from '../state/channel.js';
import { selectedItem } from '../state/graph.js';
import { revealLayer } from '../state/reveal.js';
import { ui } from '../state/interface-state.js';
import { byPass, passTitle } from '../state/metrics.js';
import { useResource } from '../state/resource.js';
import { selectUnit } from '../state/selection.js';
import { result } from '../state/session.js';
import { SilenceMap } from './silence-map.js';

export function LayerPage({ layer }: { layer: LayerSummary }): JSX.Element {
  const current = result.value;
  const histogram = useResource(
    (signal) => host.layerHistogram({ layer: layer.value }, signal),
    [current, layer.value],
  );
  const hidden = selectedItem.value === undefined || selectedItem.value.kind === 'module';
  return (
    <article class="layer-page" aria-label={`Layer ${layer.label}`}>
      <header class="panel-title">
        <div>
          <h2>{layer.label}</h2>
          <div class="muted">
            {layer.operator}, {formatCount(layer.units)} {layer.unitWord}
            {layer.shape.length > 0 && `, ${formatShape(layer.shape)} per input`}
          </div>
        </div>
      </header>
      <div class="button-row">
        <Button onClick={() => selectUnit(layer.value, 0)}>Its {layer.unitWord}</Button>
        <Button
          onClick={() => {
            ui.heatmapMode.value = 'examples';
            ui.tab.value = 'heatmap';
          }}
        >
          Heatmap over inputs
        </Button>
        {hidden && <Button onClick={() => void revealLayer(layer.value)}>Find in graph</Button>}
      </div>
      <LayerNumbers layer={layer} />
      <SilenceMap layer={layer} />
      {histogram.error && <ProblemBox problem={histogram.error} action="Try again" onAction={histogram.retry} />}
      {histogram.loading && <Spinner label="Reading the histogram" />}
      {histogram.value && (
        <HistogramChart title={`Activations of ${layer.label}`} histogram={histogram.value} foot={restsOn(current)} />
      )}
    </article>
  );
}

function LayerNumbers({ layer }: { layer: LayerSummary }): JSX.Element {
  const measured = byPass((pass) => pass.layerMetrics.filter(({ values }) => values[layer.value] !== undefined));
  return (
    <table class="table statistics" aria-label={`Numbers of ${layer.label}`}>
      {measured.map(({ pass, metrics }) => (
        <tbody key={pass}>
          <tr class="group">
            <th colSpan={2} scope="rowgroup">
              {passTitle(pass)}
            </th>
          </tr>
          {metrics.map(({ id, label, definition, format, values }) => (
            <tr key={id}>
              <td>
                {label} <Help about={label}>{definition}</Help>
              </td>
              <td class="numeric strong">{formatQuantity(format, values[layer.value])}</td>
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  );
}
