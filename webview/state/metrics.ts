/** What the results offer to look at: derived from the result, never stored. */
import { computed } from '@preact/signals';
import { NO_CONTROLS, type Controls } from '../../src/core/controls/control.js';
import type { Finding, LayerMetric, LayerSummary, Quantity, Severity } from '../../src/core/passes/result.js';
import type { PassSummary, ResultSummary, UnitMetricValues } from '../../src/protocol/inspection.js';
import type { Choice } from '../controls/select.js';
import { host } from './channel.js';
import { fileResult, openedModel, result } from './session.js';

export type ExampleQuantity = PassSummary['exampleMetrics'][number];

/** What every pass found, those over inputs first. */
export const passResults = computed<readonly PassSummary[]>(() => [
  ...(result.value?.passes ?? []),
  ...(fileResult.value?.passes ?? []),
]);

/** What random weights and shuffled inputs gave, as far as a person asked. */
export const controls = computed<Controls>(() => result.value?.controls ?? NO_CONTROLS);

export const layers = computed<readonly LayerSummary[]>(() => result.value?.layers ?? []);

export const layersByValue = computed(() => new Map(layers.value.map((layer) => [layer.value, layer])));

export const layerMetrics = computed<readonly LayerMetric[]>(() =>
  unique(passResults.value.flatMap((pass) => pass.layerMetrics)),
);

export const unitMetrics = computed<readonly Quantity[]>(() =>
  unique(passResults.value.flatMap((pass) => pass.unitMetrics)),
);

export type NodeQuantity = NonNullable<PassSummary['nodeMetrics']>[number];

/** Metrics that every box of the graph has a value of. */
export const nodeMetrics = computed<readonly NodeQuantity[]>(() =>
  unique(passResults.value.flatMap((pass) => pass.nodeMetrics ?? [])),
);

export const exampleMetrics = computed<readonly ExampleQuantity[]>(() =>
  unique(passResults.value.flatMap((pass) => pass.exampleMetrics)),
);

/** What each pass measured, in the order of the passes; a metric that two have is the first one's. */
export function byPass<T extends Quantity>(
  metricsOf: (pass: PassSummary) => readonly T[],
): readonly { readonly pass: string; readonly metrics: readonly T[] }[] {
  const seen = new Set<string>();
  return passResults.value.flatMap((found) => {
    const metrics = metricsOf(found).filter(({ id }) => !seen.has(id));
    for (const { id } of metrics) seen.add(id);
    return metrics.length === 0 ? [] : [{ pass: found.pass, metrics }];
  });
}

/** Choices of a metric, under the titles of the passes. */
export function metricChoices(metricsOf: (pass: PassSummary) => readonly Quantity[]): readonly Choice[] {
  return byPass(metricsOf).flatMap(({ pass, metrics }) =>
    metrics.map(({ id, label }) => ({ value: id, label, group: passTitle(pass) })),
  );
}

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, information: 2 };

/** All findings, worst first. */
export const findings = computed<readonly (Finding & { readonly pass: string })[]>(() =>
  passResults.value
    .flatMap((pass) => pass.findings.map((finding) => ({ ...finding, pass: pass.pass })))
    .sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] || b.weight - a.weight),
);

/** Short name of a layer, also before any run. */
export function layerLabel(value: string): string {
  return layersByValue.value.get(value)?.label ?? value;
}

export function passTitle(id: string): string {
  return openedModel.value?.passes.find((pass) => pass.id === id)?.title ?? id;
}

/** The metric of that name, else the first of a pass that has something to show, else the first. */
export function chooseMetric<T extends Quantity>(
  id: string | undefined,
  metricsOf: (pass: PassSummary) => readonly T[],
): T | undefined {
  const all = passResults.value;
  return (
    all.flatMap(metricsOf).find((metric) => metric.id === id) ??
    all.filter((pass) => pass.layerMetrics.some(showsSomething)).flatMap(metricsOf)[0] ??
    all.flatMap(metricsOf)[0]
  );
}

/** The layer metric of that name, else the first that has something to show, else the first. */
export function chooseLayerMetric(id: string | undefined): LayerMetric | undefined {
  const metrics = layerMetrics.value;
  return metrics.find((metric) => metric.id === id) ?? metrics.find(showsSomething) ?? metrics[0];
}

/** A share of 0 everywhere is an answer, but no picture. */
const SMALLEST_SHARE_SHOWN = 0.01;

function showsSomething({ format, values }: LayerMetric): boolean {
  const least = format === 'share' ? SMALLEST_SHARE_SHOWN : Number.MIN_VALUE;
  return Object.values(values).some((value) => Math.abs(value) >= least);
}

const unitValues = new WeakMap<ResultSummary, Map<string, Promise<UnitMetricValues>>>();

/** Values of a unit metric over all layers; asked for once per result. */
export function loadUnitMetric(metric: string): Promise<UnitMetricValues> {
  const current = result.peek();
  if (current === undefined) return Promise.resolve({ layers: [] });
  const known = unitValues.get(current) ?? new Map<string, Promise<UnitMetricValues>>();
  unitValues.set(current, known);
  // Passes over the file answer anew while the result of a run stays.
  const key = `${metric} ${fileResult.peek()?.finished ?? ''}`;
  let values = known.get(key);
  if (values === undefined) {
    values = host.unitMetric({ metric });
    known.set(key, values);
    // A failure is not remembered: the next one who asks tries again.
    values.catch(() => known.delete(key));
  }
  return values;
}

function unique<T extends Quantity>(metrics: readonly T[]): readonly T[] {
  return [...new Map(metrics.map((metric) => [metric.id, metric])).values()];
}
