/** What the look at the residual stream's largest entries shows and says. */
import type { Graph } from '../../graph/graph.js';
import { LARGEST_HALF, NEAR_HALF } from '../half-precision.js';
import { itemOf } from '../node-numbers.js';
import type { RunFacts } from '../pass.js';
import { commonPosition, commonToken, mostOften, placesText, type CommonPlace } from '../massive-places.js';
import type { Curve, Finding, Headline, ResultTable } from '../result.js';
import { amount, count, oneInputCaution } from '../words.js';
import { isMassiveAt, isOutlier, meanOf, outlierDimensions, RULE, type PointMagnitudes } from '../point-magnitudes.js';

type Points = readonly PointMagnitudes[];

/** Dimensions that hold a massive entry on at least half of the inputs, the most frequent first. */
function massiveDimensions(point: PointMagnitudes): number[] {
  const { massive } = point;
  return [...massive.keys()]
    .filter((unit) => isMassiveAt(point, unit))
    .sort((a, b) => (massive[b] as number) - (massive[a] as number) || a - b);
}

export function massiveAnswer(points: Points, facts: RunFacts): string {
  const finite = points.filter(({ inputs }) => inputs > 0);
  if (finite.length === 0) return `No point of a residual stream could be read ${facts.onInputs}.`;
  const massive = finite.filter(({ massiveInputs }) => massiveInputs > 0);
  const highest = finite.reduce((most, each) => (meanOf(each.ratios, each) > meanOf(most.ratios, most) ? each : most));
  const ratio = `the largest |h| is at most ${amount(meanOf(highest.ratios, highest))} times the median (mean over inputs, ${highest.point.label})`;
  const caution = oneInputCaution(facts.inputsSeen);
  const [first] = massive;
  if (first === undefined) {
    const peak = finite.reduce((most, each) => Math.max(most, each.peak), 0);
    return `No entry of the residual stream is massive (${RULE}): its largest is ${amount(peak)}, and ${ratio}, ${facts.onInputs}.${caution}`;
  }
  const last = massive.at(-1) as PointMagnitudes;
  const span = first === last ? `at ${first.point.label}` : `from ${first.point.label} to ${last.point.label}`;
  return `${count(massive.length)} of ${count(finite.length)} points of the residual stream hold massive entries (${RULE}), ${span}; ${ratio}, ${facts.onInputs}.${caution}`;
}

/** The ratio that the answer names; none where nothing finite was seen. */
export function massiveHeadlines(points: Points): Headline[] {
  const ratios = points.filter(({ inputs }) => inputs > 0).map((point) => meanOf(point.ratios, point));
  if (ratios.length === 0) return [];
  return [
    {
      id: 'largest-residual-ratio',
      label: 'Largest ÷ median',
      definition:
        'Largest |h| over the median |h| of one input, over all its tokens and dimensions, averaged over inputs; at the point ' +
        'of the residual stream where that is highest.',
      format: 'number',
      value: ratios.reduce((most, ratio) => Math.max(most, ratio)),
    },
  ];
}

export function massiveFindings(points: Points, graph: Graph, facts: RunFacts): Finding[] {
  return [
    ...massiveFinding(points, graph, facts),
    ...halfPrecision(points, graph, facts),
    ...broken(points, graph, facts),
  ];
}

function massiveFinding(points: Points, graph: Graph, facts: RunFacts): Finding[] {
  const massive = points.filter(({ massiveInputs }) => massiveInputs > 0);
  const [first] = massive;
  if (first === undefined) return [];
  const strongest = massive.reduce((most, each) => (each.peak > most.peak ? each : most));
  const dimensions = massiveDimensions(strongest);
  const where =
    dimensions.length === 0
      ? 'in no dimension on half of the inputs'
      : `in dimension${dimensions.length === 1 ? '' : 's'} ${dimensions.slice(0, 5).join(', ')}${dimensions.length > 5 ? ` and ${count(dimensions.length - 5)} more` : ''}`;
  const places = placesText(strongest);
  return [
    {
      severity: 'information',
      kind: 'massive',
      weight: massive.length / points.length,
      sentence:
        `Massive activations appear at ${first.point.label} and reach ${amount(strongest.peak)} at ${strongest.point.label} ` +
        `(${amount(strongest.peakRatio)} times the median), ${where}` +
        (places === '' ? '' : `, ${places}`) +
        ` (${RULE}; ${facts.onInputs}).`,
      ...itemOf(graph, first.point.value),
      advice:
        'Such entries act as constant biases and feed attention sinks; they break quantisation with one scale per tensor.',
    },
  ];
}

function halfPrecision(points: Points, graph: Graph, facts: RunFacts): Finding[] {
  const largest = points.reduce<PointMagnitudes | undefined>(
    (most, each) => (most === undefined || each.peak > most.peak ? each : most),
    undefined,
  );
  if (largest === undefined || largest.peak < NEAR_HALF) return [];
  const over = largest.peak > LARGEST_HALF;
  return [
    {
      severity: 'warning',
      kind: 'half-precision',
      weight: 1,
      sentence: `${largest.point.label}: the largest |h| is ${amount(largest.peak)} ${facts.onInputs}; half precision ${over ? `ends at ${count(LARGEST_HALF)} and overflows` : `ends at ${count(LARGEST_HALF)}, less than four times that`}.`,
      ...itemOf(graph, largest.point.value),
      advice: 'Run this part in float32 or bfloat16.',
    },
  ];
}

function broken(points: Points, graph: Graph, facts: RunFacts): Finding[] {
  const first = points.find(({ nonFiniteInputs }) => nonFiniteInputs > 0);
  if (first === undefined) return [];
  return [
    {
      severity: 'error',
      kind: 'non-finite',
      weight: first.nonFiniteInputs / facts.inputsSeen,
      sentence: `${first.point.label}: the residual stream holds NaN or infinity on ${count(first.nonFiniteInputs)} of ${count(facts.inputsSeen)} inputs; these entries are left out of all magnitudes here.`,
      ...itemOf(graph, first.point.value),
      advice: '“Non-finite scan” names the node where it starts.',
    },
  ];
}

export function massiveCurves(points: Points, facts: RunFacts): Curve[] {
  if (points.length < 2) return [];
  const x = Float32Array.from(points, (_, index) => index);
  const line = (label: string, of: (point: PointMagnitudes) => number) => ({
    label,
    x,
    y: Float32Array.from(points, of),
  });
  const inputs = facts.synthetic ? 'random inputs' : 'inputs';
  const ratios = points.map((point) => meanOf(point.ratios, point)).filter((ratio) => ratio > 0);
  const wide = Math.max(...ratios) / Math.min(...ratios) > 10;
  return [
    {
      id: 'residual-magnitudes-by-depth',
      title: 'Largest entries of the residual stream by depth',
      xLabel: 'Point of the residual stream',
      yLabel: '|h|',
      definition: `The three largest |h| and the median |h| over all tokens and dimensions of one input, each averaged over ${inputs}.`,
      format: 'number',
      spread: 'logarithmic',
      series: [
        line('Largest', (point) => meanOf(point.largest[0] ?? NaN, point)),
        line('Second largest', (point) => meanOf(point.largest[1] ?? NaN, point)),
        line('Third largest', (point) => meanOf(point.largest[2] ?? NaN, point)),
        line('Median', (point) => meanOf(point.medians, point)),
      ],
    },
    {
      id: 'residual-ratio-by-depth',
      title: 'Largest ÷ median by depth',
      xLabel: 'Point of the residual stream',
      yLabel: 'Largest |h| ÷ median |h|',
      definition: `Largest |h| over the median of |h| of one input, averaged over ${inputs}.`,
      format: 'number',
      ...(wide ? { spread: 'logarithmic' as const } : {}),
      series: [line('Largest ÷ median', (point) => meanOf(point.ratios, point))],
    },
  ];
}

export function pointTable(points: Points, graph: Graph): ResultTable {
  const ofTexts = points.some(({ largestTokens }) => largestTokens.size > 0);
  return {
    id: 'residual-points',
    title: 'Points of the residual stream',
    definition: `Largest, second, third and median |h| are means over inputs; the median is exact, over all tokens and dimensions of an input (mean of the two middle ones where their number is even). Massive: ${RULE}, decided input by input.`,
    columns: [
      { id: 'depth', label: 'Depth', format: 'count' },
      { id: 'point', label: 'Point', format: 'text' },
      { id: 'largest', label: 'Largest |h|', format: 'number' },
      { id: 'second', label: 'Second', format: 'number' },
      { id: 'third', label: 'Third', format: 'number' },
      { id: 'median', label: 'Median |h|', format: 'number' },
      { id: 'ratio', label: 'Largest ÷ median', format: 'number' },
      { id: 'peak', label: 'Largest |h| of any input', format: 'number' },
      { id: 'massive', label: 'Inputs with massive entries', format: 'text' },
      { id: 'dimension', label: 'Dimension of the largest', format: 'text' },
      { id: 'position', label: 'Position of the largest', format: 'text' },
      ...(ofTexts ? [{ id: 'token', label: 'Token of the largest', format: 'text' as const }] : []),
    ],
    rows: points.map((point, index) => {
      const of = (some: number): string => `${count(some)} of ${count(point.inputs)}`;
      const common = (place: CommonPlace | undefined): string =>
        place === undefined ? '–' : `${place.name} (${of(place.inputs)})`;
      const [dimension, onInputs] = mostOften(point.largestAt.entries()) ?? [-1, 0];
      return {
        cells: [
          index,
          point.point.label,
          ...[0, 1, 2].map((rank) => meanOf(point.largest[rank] ?? NaN, point)),
          meanOf(point.medians, point),
          meanOf(point.ratios, point),
          point.peak,
          of(point.massiveInputs),
          `${dimension} (${of(onInputs)})`,
          common(commonPosition(point)),
          ...(ofTexts ? [common(commonToken(point))] : []),
        ],
        ...itemOf(graph, point.point.value),
      };
    }),
  };
}

/** Dimensions that hold the largest entry, or a massive one, on at least half of the inputs at some point. */
export function dimensionTable(points: Points, graph: Graph): ResultTable {
  const units = [...new Set(points.flatMap(outlierDimensions))];
  const rows = units.map((unit) => {
    const where = points.filter((point) => isOutlier(point, unit));
    const first = where[0] as PointMagnitudes;
    const peak = where.reduce((most, { peaks }) => Math.max(most, peaks[unit] ?? 0), 0);
    const massive = where.filter((point) => isMassiveAt(point, unit)).length;
    return {
      cells: [unit, where.length, massive, first.point.label, (where.at(-1) as PointMagnitudes).point.label, peak],
      ...itemOf(graph, first.point.value),
    };
  });
  return {
    id: 'outlier-dimensions',
    title: 'Outlier dimensions',
    definition: `Dimensions of the residual stream that, at some point of it, hold the largest |h| or a massive entry (${RULE}) on at least half of the inputs (ours).`,
    columns: [
      { id: 'dimension', label: 'Dimension', format: 'count' },
      { id: 'points', label: 'Points where it stands out', format: 'count' },
      { id: 'massive', label: 'Of these, massive', format: 'count' },
      { id: 'first', label: 'First', format: 'text' },
      { id: 'last', label: 'Last', format: 'text' },
      { id: 'peak', label: 'Largest |h|', format: 'number' },
    ],
    rows: rows.sort((a, b) => Number(b.cells[1]) - Number(a.cells[1])),
  };
}
