/** What one pass found: its question, the answer, the picture, the table, and how it is computed. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { controlMetrics, withControlSeries } from '../../src/core/controls/compare.js';
import type { PassSummary } from '../../src/protocol/inspection.js';
import type { PassDescription } from '../../src/protocol/model.js';
import { CurveChart } from '../charts/curve-chart.js';
import { LayerBars } from '../charts/layer-bars.js';
import { TextButton } from '../controls/button.js';
import { Badge } from '../controls/fields.js';
import { Sentence } from '../controls/sentence.js';
import { restsOn } from '../shell/rests-on.js';
import { controls, layers } from '../state/metrics.js';
import { progress, result, startRun } from '../state/session.js';
import { LayerTable } from './layer-table.js';
import { CompareControls, HeadlineTable } from './pass-controls.js';
import { RangePart } from './range-part.js';
import { RemovalPart } from './removal-part.js';
import { ResultTableView } from './result-table.js';
import { SilencePart } from './silence-part.js';
import { SizesForm } from './sizes-form.js';
import { UnitPart } from './unit-part.js';

export function PassView({ pass, found }: { pass: PassDescription; found: PassSummary }): JSX.Element {
  const [metricId, setMetricId] = useState<string>();
  const metric = found.layerMetrics.find(({ id }) => id === metricId) ?? found.layerMetrics[0];
  const foot = restsOn(result.value);
  const compared = controls.value;
  const curves = useMemo(
    () => found.curves.map((curve) => withControlSeries(found.pass, curve, compared)),
    [found, compared],
  );
  const columns = useMemo(
    () => found.layerMetrics.flatMap((each) => [each, ...controlMetrics(found.pass, each, compared)]),
    [found, compared],
  );
  return (
    <article class="pass">
      <h2>{pass.title}</h2>
      <p class="question">{pass.question}</p>
      <p class="answer">
        <Sentence>{found.answer}</Sentence>
      </p>
      {found.incomplete !== undefined && (
        <p>
          <Badge tone="warning">not the whole answer</Badge> {found.incomplete}
        </p>
      )}
      {pass.runsPerInput !== undefined && (
        <p>
          <TextButton disabled={progress.value !== undefined} onClick={() => void startRun([pass.id])}>
            Run this experiment again
          </TextButton>
        </p>
      )}
      <HeadlineTable found={found} />
      {pass.over === 'inputs' && <CompareControls pass={pass} />}
      <RangePart pass={found.pass} />
      {found.pass === 'silent-sites' && <SilencePart found={found} />}
      {curves.map((curve) => (
        <CurveChart key={curve.id} curve={curve} foot={foot} />
      ))}
      {metric && (
        <LayerBars
          metric={metric}
          metrics={found.layerMetrics}
          onMetric={setMetricId}
          layers={layers.value}
          foot={foot}
        />
      )}
      <UnitPart found={found} />
      {pass.id === 'operation-costs' && <SizesForm />}
      {(found.tables ?? []).map((table) => (
        <ResultTableView key={table.id} table={table} />
      ))}
      {found.layerMetrics.length > 0 && (
        <LayerTable name={found.pass} title={pass.title} metrics={columns} layers={layers.value} />
      )}
      <RemovalPart pass={found.pass} answer={found.answer} />
      <Method pass={pass} found={found} />
    </article>
  );
}

function Method({ pass, found }: { pass: PassDescription; found: PassSummary }): JSX.Element {
  const quantities = [
    ...found.layerMetrics,
    ...found.unitMetrics,
    ...found.exampleMetrics,
    ...(found.nodeMetrics ?? []),
    ...(found.tensorMetrics ?? []),
  ];
  const named = [...new Map(quantities.map((quantity) => [quantity.id, quantity])).values()];
  return (
    <details class="method-box" open>
      <summary>How this is computed</summary>
      <p class="method">{pass.method}</p>
      <dl class="definitions">
        {found.curves.map(({ id, title, definition }) => (
          <Definition key={id} term={title} definition={definition} />
        ))}
        {named.map(({ id, label, definition }) => (
          <Definition key={id} term={label} definition={definition} />
        ))}
      </dl>
    </details>
  );
}

function Definition({ term, definition }: { term: string; definition: string }): JSX.Element {
  return (
    <>
      <dt>{term}</dt>
      <dd>{definition}</dd>
    </>
  );
}
