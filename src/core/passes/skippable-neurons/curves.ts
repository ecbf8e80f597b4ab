import { allowedText } from '../../experiment/allowed-loss-increase.js';
import { accuracy } from '../../experiment/loss-totals.js';
import type { Curve } from '../result.js';
import type { Calibration } from './calibrate.js';
import { increaseDefinition, increaseLabel } from '../../experiment/loss-words.js';
import { increaseOf, type Examined, type MeasuredPoint } from './examined.js';

/** Losses that are smaller, and gains, are drawn at it: along an axis of orders of magnitude there is no 0. */
const LEAST_SHOWN = 0.001;
const CETT_POINTS = 128;

/** Loss over how much is skipped, a line for each metric; with labels also accuracy. */
export function lossCurves(examined: Examined, points: readonly MeasuredPoint[]): Curve[] {
  const { measure, calibration, subject } = examined;
  const allowed = subject.allowedLossIncrease;
  const least = Math.min(LEAST_SHOWN, allowed / 10);
  const metrics = [...new Set(points.map(({ metric }) => metric))];
  const line = (metric: string, yOf: (point: MeasuredPoint) => number): Curve['series'][number] => {
    const own = points
      .filter((point) => point.metric === metric && Number.isFinite(yOf(point)))
      .sort((a, b) => a.skipped.sparsity - b.skipped.sparsity);
    return {
      label: metric.split(':')[0] ?? metric,
      x: Float32Array.from(own, ({ skipped }) => 100 * skipped.sparsity),
      y: Float32Array.from(own, yOf),
    };
  };
  const level = (label: string, y: number): Curve['series'][number] => ({
    label,
    x: Float32Array.of(0, 100),
    y: Float32Array.of(y, y),
    dashed: true,
  });
  const xLabel = 'neurons skipped, % of (site, neuron) entries';
  const loss: Curve = {
    id: 'skipping-loss',
    title: 'Loss over what is skipped, by metric',
    xLabel,
    yLabel: increaseLabel(measure.kind),
    definition: `${increaseDefinition(measure.kind)} Every point is a run of the changed network over all inputs. What is below ${allowedText(least)}, gains among it, is drawn there; the table of settings has the numbers.`,
    format: 'share',
    spread: 'logarithmic',
    series: [
      ...metrics.map((metric) => line(metric, (point) => Math.max(least, increaseOf(examined, point)))),
      level(`Allowed: ${allowedText(allowed)}`, allowed),
    ],
  };
  const clean = accuracy(calibration.clean);
  if (clean === undefined) return [loss];
  const right: Curve = {
    id: 'skipping-accuracy',
    title: 'Accuracy over what is skipped, by metric',
    xLabel,
    yLabel: measure.kind === 'class' ? 'labels named right' : 'next tokens named right',
    definition: `Share of the ${measure.kind === 'class' ? 'labels' : 'known next tokens'} that the largest output names.`,
    format: 'share',
    series: [
      ...metrics.map((metric) => line(metric, ({ skipped }) => accuracy(skipped.totals) ?? NaN)),
      level(`Nothing skipped: ${(100 * clean).toFixed(1)} %`, clean),
    ],
  };
  return [loss, right];
}

/** Of each layer: how much is skipped at which CETT. */
export function cettCurves({ layers }: Calibration): Curve[] {
  const series = layers.flatMap(({ layer, curve }) => {
    if (curve === undefined) return [];
    const { cett, sparsity } = curve;
    const stride = Math.max(1, Math.floor(cett.length / CETT_POINTS));
    const shown = Array.from({ length: Math.ceil(cett.length / stride) }, (_, at) => at * stride);
    return [
      {
        label: layer.label,
        layer: layer.layer,
        x: Float32Array.from(shown, (at) => 100 * (cett[at] ?? NaN)),
        y: Float32Array.from(shown, (at) => sparsity[at] ?? NaN),
      },
    ];
  });
  if (series.length === 0) return [];
  return [
    {
      id: 'cett-sparsity',
      title: 'What can be skipped at which loss of a layer’s output (CETT)',
      xLabel: 'CETT, % of the layer’s output',
      xFormat: 'number',
      yLabel: 'neurons skipped',
      definition:
        'CETT = |Σ skipped n| / |Σ n| as a mean over the sampled sites, and the share of |n| below the same threshold, strictly. One point for each of 128 thresholds.',
      format: 'share',
      series,
    },
  ];
}
