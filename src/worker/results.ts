/** Answers the page's questions about a finished run. Nothing is computed here that a pass did not compute. */
import { csvText } from '../core/csv.js';
import { controlMetrics } from '../core/controls/compare.js';
import { problem } from '../core/errors.js';
import type { ExampleMetric, FileResult, PassResult, Quantity, RunResult, UnitMetric } from '../core/passes/result.js';
import { clipSpan } from '../core/tensor/span.js';
import { BUCKETS, drawable } from '../core/summary/histogram.js';
import type {
  FileResultSummary,
  HistogramView,
  MatrixTile,
  PassSummary,
  PositionMapView,
  ResultSummary,
  UnitDetail,
  UnitMetricValues,
} from '../protocol/inspection.js';

import type { ShownResult } from './input-runs.js';

/** Messages stay well below 4 MB. */
const TILE_CELLS = 2 ** 20;

/** The result without its large arrays. */
export function summarize({ result, controls }: ShownResult, cached: boolean): ResultSummary {
  return { ...result, cached, controls, passes: result.passes.map(summarizePass) };
}

export function summarizeFile(result: FileResult): FileResultSummary {
  return { ...result, passes: result.passes.map(summarizePass) };
}

function summarizePass(pass: PassResult): PassSummary {
  const {
    unitMetrics,
    exampleMetrics,
    nodeMetrics,
    histograms: _histograms,
    topExamples: _top,
    positionMaps: _maps,
    ...rest
  } = pass;
  return {
    ...rest,
    unitMetrics: unitMetrics.map(quantity),
    exampleMetrics: exampleMetrics.map((metric) => ({ ...quantity(metric), examples: metric.examples.slice() })),
    ...(nodeMetrics === undefined
      ? {}
      : { nodeMetrics: nodeMetrics.map((metric) => ({ ...quantity(metric), aggregate: metric.aggregate })) }),
  };
}

export function quantity({ id, label, definition, format, scale, spread }: Quantity): Quantity {
  return { id, label, definition, format, scale, ...(spread === undefined ? {} : { spread }) };
}

/** @param file what passes over the file alone found: what they say of units stands beside what inputs showed. */
export function unitMetricValues(result: RunResult, file: FileResult | undefined, id: string): UnitMetricValues {
  const both = { passes: [...result.passes, ...(file?.passes ?? [])] };
  const metric = find<UnitMetric>(both, ({ unitMetrics }) => unitMetrics, id);
  return { layers: result.layers.map(({ value }) => metric.values[value]?.slice() ?? new Float32Array()) };
}

/** The rectangle [rows) × [columns) of a layer's examples × units matrix, clipped to what there is. */
export function exampleTile(
  result: RunResult,
  id: string,
  layer: string,
  rows: readonly [number, number],
  columns: readonly [number, number],
): MatrixTile {
  const metric = find<ExampleMetric>(result, ({ exampleMetrics }) => exampleMetrics, id);
  const values = metric.values[layer];
  const units = unitsOf(result, layer);
  if (values === undefined) throw problem('not-applicable', `“${metric.label}” was not measured for ${layer}.`);
  const [top, bottom] = clipSpan(rows, metric.examples.length);
  const [left, right] = clipSpan(columns, units);
  const height = bottom - top;
  const width = right - left;
  if (height * width > TILE_CELLS) throw problem('internal', 'A tile of the heatmap is too large for one message.');
  const tile = new Float32Array(height * width);
  for (let row = 0; row < height; row++) {
    const start = (top + row) * units + left;
    tile.set(values.subarray(start, start + width), row * width);
  }
  return { values: tile, rows: height, columns: width };
}

export function layerHistogram(result: RunResult, layer: string): HistogramView | undefined {
  const histograms = pick(result, ({ histograms: found }) => found?.[layer]);
  if (histograms === undefined) return undefined;
  return { ...drawable(histograms.layer), counted: histograms.counted, total: histograms.total };
}

/** @param unit one channel's map; left out: the layer's. */
export function positionMap(result: RunResult, layer: string, unit: number | undefined): PositionMapView | undefined {
  const maps = pick(result, ({ positionMaps }) => positionMaps?.[layer]);
  if (maps === undefined) return undefined;
  if (unit === undefined) return { rows: maps.height, columns: maps.width, values: maps.layer.slice() };
  if (maps.units === undefined || unit < 0 || unit >= unitsOf(result, layer)) return undefined;
  const { height, width, values } = maps.units;
  const cells = height * width;
  return { rows: height, columns: width, values: values.slice(unit * cells, (unit + 1) * cells) };
}

export function unitDetail(result: RunResult, layer: string, unit: number): UnitDetail {
  const units = unitsOf(result, layer);
  if (!Number.isInteger(unit) || unit < 0 || unit >= units) {
    throw problem('not-applicable', `${layer} has no unit ${unit}: it has ${units}.`);
  }
  const statistics = result.passes.flatMap(({ unitMetrics }) =>
    unitMetrics.flatMap((metric) => {
      const values = metric.values[layer];
      return values === undefined
        ? []
        : [{ ...quantity(metric), value: values[unit] as number, layerMean: finiteMean(values) }];
    }),
  );
  const histograms = pick(result, ({ histograms: found }) => found?.[layer]);
  const top = pick(result, ({ topExamples }) => topExamples?.[layer]);
  const best =
    top === undefined
      ? []
      : Array.from({ length: top.k }, (_, rank) => ({
          index: top.indices[unit * top.k + rank] as number,
          value: top.values[unit * top.k + rank] as number,
        })).filter(({ index }) => index >= 0);
  return {
    layer,
    unit,
    statistics,
    ...(histograms?.units === undefined
      ? {}
      : {
          histogram: {
            ...drawable(histograms.units.subarray(unit * BUCKETS, (unit + 1) * BUCKETS)),
            counted: histograms.counted / units,
            total: histograms.total / units,
          },
        }),
    top: best,
  };
}

function finiteMean(values: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? NaN : sum / count;
}

export function unitsOf(result: RunResult, layer: string): number {
  const found = result.layers.find(({ value }) => value === layer);
  if (found === undefined) throw problem('not-applicable', `“${layer}” is not a layer of this run.`);
  return found.units;
}

function find<T extends Quantity>(
  result: Pick<RunResult, 'passes'>,
  list: (pass: PassResult) => readonly T[],
  id: string,
): T {
  const metric = result.passes.flatMap(list).find((candidate) => candidate.id === id);
  if (metric === undefined)
    throw problem('not-applicable', `This run did not measure “${id}”.`, { remedy: 'Run its pass.' });
  return metric;
}

function pick<T>(result: RunResult, of: (pass: PassResult) => T | undefined): T | undefined {
  for (const pass of result.passes) {
    const found = of(pass);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every layer metric (a row per layer), or every unit metric of one layer (a row per unit), as CSV (RFC 4180). */
export function tableCsv({ result, controls }: Pick<ShownResult, 'result' | 'controls'>, layer?: string): string {
  if (layer === undefined) {
    const metrics = result.passes.flatMap(({ pass, layerMetrics }) =>
      layerMetrics.flatMap((metric) => [metric, ...controlMetrics(pass, metric, controls)]),
    );
    return csvText([
      ['layer', 'value', 'function', 'units', ...metrics.map(({ label }) => label)],
      ...result.layers.map(({ value, label, operator, units }) => [
        label,
        value,
        operator,
        units,
        ...metrics.map(({ values }) => values[value] ?? ''),
      ]),
    ]);
  }
  const metrics = result.passes
    .flatMap(({ unitMetrics }) => unitMetrics)
    .filter(({ values }) => values[layer] !== undefined);
  return csvText([
    ['unit', ...metrics.map(({ label }) => label)],
    ...Array.from({ length: unitsOf(result, layer) }, (_, unit) => [
      unit,
      ...metrics.map(({ values }) => values[layer]?.[unit] ?? ''),
    ]),
  ]);
}
