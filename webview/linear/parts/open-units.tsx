/** How often units are open: what a run of the passes counted on the same inputs. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LayerSummary } from '../../../src/core/passes/result.js';
import { Button, TextButton } from '../../controls/button.js';
import { restsOn } from '../../shell/rests-on.js';
import { ui } from '../../state/interface-state.js';
import { layers, loadUnitMetric, unitMetrics } from '../../state/metrics.js';
import { useResource } from '../../state/resource.js';
import { progress, result, startRun } from '../../state/session.js';
import { ValueBars } from '../value-bars.js';

const PASS = 'dead-units';
const FIRING_RATE = 'unit-firing-rate';

export function OpenUnits(): JSX.Element {
  const current = result.value;
  const isCounted = unitMetrics.value.some(({ id }) => id === FIRING_RATE);
  const rates = useResource(isCounted ? () => loadUnitMetric(FIRING_RATE) : undefined, [current]);
  const shares = useMemo(
    () => (rates.value === undefined ? undefined : openShares(layers.value, rates.value.layers)),
    [rates.value],
  );
  if (!isCounted || shares === undefined) {
    return (
      <section class="part-tools">
        <span>How often each unit is open is counted by a run of the passes.</span>
        <Button icon="play" disabled={isCounted || progress.value !== undefined} onClick={() => void startRun([PASS])}>
          Count open units
        </Button>
      </section>
    );
  }
  const showUnits = (): void => {
    ui.unitMetric.value = FIRING_RATE;
    ui.heatmapMode.value = 'layers';
    ui.tab.value = 'heatmap';
  };
  return (
    <ValueBars
      title="How often units are open"
      definition="By layer: the mean over its units of the share of positions and inputs at which the unit is not exactly 0, and the shares of its units that are open always and never."
      foot={restsOn(current)}
      row="layer"
      rows={shares.names}
      series={[
        { label: 'mean share open', values: shares.mean },
        { label: 'units always open', values: shares.always },
        { label: 'units never open', values: shares.never },
      ]}
      valueLabel="share"
      controls={<TextButton onClick={showUnits}>Each unit in the heatmap</TextButton>}
    />
  );
}

interface OpenShares {
  readonly names: readonly string[];
  readonly mean: readonly number[];
  readonly always: readonly number[];
  readonly never: readonly number[];
}

/** @param rates by layer, in the order of `all`; empty where a layer has none. */
function openShares(all: readonly LayerSummary[], rates: readonly Float32Array[]): OpenShares {
  const counted = all.flatMap(({ label }, at) => {
    const units = rates[at] ?? new Float32Array();
    return units.length === 0 ? [] : [{ label, units }];
  });
  const share = (units: Float32Array, counts: (rate: number) => number): number =>
    units.reduce((sum, rate) => sum + counts(rate), 0) / units.length;
  return {
    names: counted.map(({ label }) => label),
    mean: counted.map(({ units }) => share(units, (rate) => rate)),
    always: counted.map(({ units }) => share(units, (rate) => (rate === 1 ? 1 : 0))),
    never: counted.map(({ units }) => share(units, (rate) => (rate === 0 ? 1 : 0))),
  };
}
