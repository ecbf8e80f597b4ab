/** One unit: its numbers beside its layer's, how its activations are distributed, and what excites it most. */
import type { JSX } from 'preact';
import type { LayerSummary } from '../../src/core/passes/result.js';
import type { UnitDetail } from '../../src/protocol/inspection.js';
import { HistogramChart } from '../charts/histogram-chart.js';
import { IconButton, TextButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { formatCount } from '../format/numbers.js';
import { singular } from '../../src/core/passes/words.js';
import { ProblemBox } from '../shell/problem-box.js';
import { restsOn } from '../shell/rests-on.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { selectLayer, selectUnit } from '../state/selection.js';
import { result } from '../state/session.js';
import { SilenceMap } from './silence-map.js';
import { TopExamples } from './top-examples.js';
import { UnitStatistics } from './unit-statistics.js';

interface UnitPageProps {
  readonly layer: LayerSummary;
  readonly unit: number;
}

export function UnitPage({ layer, unit }: UnitPageProps): JSX.Element {
  const current = result.value;
  const detail = useResource((signal) => host.unit({ layer: layer.value, unit }, signal), [current, layer.value, unit]);
  const word = singular(layer.unitWord);
  const go = (to: number): void => selectUnit(layer.value, (to + layer.units) % layer.units);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowLeft') go(unit - 1);
    else if (event.key === 'ArrowRight') go(unit + 1);
    else return;
    event.preventDefault();
  };
  return (
    <article class="unit-page" aria-label={`${layer.label}, ${word} ${unit}`} onKeyDown={onKeyDown}>
      <header class="panel-title">
        <div>
          <h2>
            <TextButton onClick={() => selectLayer(layer.value)} title="Show the layer">
              {layer.label}
            </TextButton>
            <span class="dot"> · </span>
            {word} {unit}
          </h2>
          <div class="muted">
            {layer.operator}, {unit + 1} of {formatCount(layer.units)}
          </div>
        </div>
        <span class="spacer-flex" />
        <IconButton icon="left" label={`Previous ${word} (←)`} onClick={() => go(unit - 1)} />
        <IconButton icon="right" label={`Next ${word} (→)`} onClick={() => go(unit + 1)} />
      </header>
      {detail.error && <ProblemBox problem={detail.error} action="Try again" onAction={detail.retry} />}
      {detail.loading && <Spinner label="Reading the unit" />}
      {detail.value && <UnitBody layer={layer} detail={detail.value} />}
    </article>
  );
}

function UnitBody({ layer, detail }: { layer: LayerSummary; detail: UnitDetail }): JSX.Element {
  const title = `${layer.label} ${singular(layer.unitWord)} ${detail.unit}`;
  return (
    <>
      <TopExamples layer={layer} detail={detail} />
      <UnitStatistics title={title} statistics={detail.statistics} />
      <SilenceMap layer={layer} unit={detail.unit} />
      {detail.histogram ? (
        <HistogramChart title={`Activations of ${title}`} histogram={detail.histogram} foot={restsOn(result.peek())} />
      ) : (
        <p class="note">
          No histogram of single {layer.unitWord}: the layer has {formatCount(layer.units)} of them. The layer’s own
          page has one.
        </p>
      )}
    </>
  );
}
