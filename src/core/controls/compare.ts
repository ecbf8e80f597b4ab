/** What a result and its controls say side by side: the same for page, report and command line. */
import type { Curve, Finding, Headline, LayerMetric, PassResult } from '../passes/result.js';
import { amount, bytesText, count, percent } from '../passes/words.js';
import { controlLabel, type Control, type ControlledPass, type ControlRun, type Controls } from './control.js';

/** A finding is given by a control, too, when the control's has at least this much of its weight. */
export const SAME_FINDING_SHARE = 0.8;

export interface HeadlineComparison {
  readonly headline: Headline;
  readonly controls: readonly {
    readonly label: string;
    readonly value: number;
    /** Whether it lies in the headline's interval; undefined where that has none. */
    readonly within?: boolean;
  }[];
}

/** A headline of a pass with what every control gave for it. */
export function compareHeadlines(
  pass: Pick<PassResult, 'pass' | 'headlines'>,
  controls: Controls,
): HeadlineComparison[] {
  return (pass.headlines ?? []).map((headline) => ({
    headline,
    controls: runsOf(pass, controls).flatMap(({ run, controlled }) => {
      const value = controlled.headlines?.find(({ id }) => id === headline.id)?.value;
      if (value === undefined) return [];
      const { interval } = headline;
      const within = interval && value >= interval.low && value <= interval.high;
      return [{ label: controlLabel(run), value, ...(within === undefined ? {} : { within }) }];
    }),
  }));
}

/**
 * Controls that give a finding, too: one of their runs has a finding of the same pass, kind and layer with at least
 * {@link SAME_FINDING_SHARE} of its weight (the share of the layer or of the inputs that it is about).
 */
export function controlsThatGive(pass: string, finding: Finding, controls: Controls): Control[] {
  const { kind, layer, weight } = finding;
  if (kind === undefined) return [];
  const giving = runsOf({ pass }, controls).filter(({ controlled }) =>
    controlled.findings.some(
      (other) => other.kind === kind && other.layer === layer && other.weight >= SAME_FINDING_SHARE * weight,
    ),
  );
  return [...new Set(giving.map(({ run }) => run.control))];
}

const GIVEN_BY: Readonly<Record<Control, string>> = {
  'random-weights': 'A random network would give this too.',
  'shuffled-inputs': 'Shuffled inputs give this too.',
  'noise-inputs': 'Noise gives this too.',
};

/** Ends a finding's sentence where controls give it, too. */
export function givenByControls(controls: readonly Control[]): string {
  return controls.map((control) => GIVEN_BY[control]).join(' ');
}

/** A layer metric once more for each control: columns beside its own. */
export function controlMetrics(pass: string, metric: LayerMetric, controls: Controls): LayerMetric[] {
  return runsOf({ pass }, controls).flatMap(({ run, controlled }) => {
    const found = controlled.layerMetrics.find(({ id }) => id === metric.id);
    if (found === undefined) return [];
    const label = `${metric.label}, ${controlLabel(run)}`;
    const definition = `${metric.definition} Here with the control “${controlLabel(run)}”: ${run.description}`;
    return [{ ...found, id: `${metric.id} ${run.control} ${run.seed}`, label, definition }];
  });
}

/** A curve with the controls' lines in it, dashed; baselines of controls are left out. */
export function withControlSeries(pass: string, curve: Curve, controls: Controls): Curve {
  const added = runsOf({ pass }, controls).flatMap(({ run, controlled }) =>
    (controlled.curves.find(({ id }) => id === curve.id)?.series ?? [])
      .filter(({ dashed }) => dashed !== true)
      .map((series) => ({ ...series, label: `${series.label}, ${controlLabel(run)}`, dashed: true, control: true })),
  );
  return added.length === 0 ? curve : { ...curve, series: [...curve.series, ...added] };
}

/** "Zero share: 61 % (58 % to 63 % in 95 % of 200 resamples of 50 inputs); random weights: 49 %; shuffled inputs: 61 %." */
export function comparisonText({ headline, controls }: HeadlineComparison): string {
  const { label, value, format } = headline;
  const others = controls.map(
    (other) =>
      `${other.label}: ${valueText(other.value, format)}${other.within === true ? ' (no different: within the interval)' : ''}`,
  );
  return `${[`${label}: ${valueText(value, format)}${intervalText(headline)}`, ...others].join('; ')}.`;
}

export function intervalText({ interval, format }: Pick<Headline, 'interval' | 'format'>): string {
  if (interval === undefined) return '';
  const { low, high, inputs } = interval;
  return ` (${valueText(low, format)} to ${valueText(high, format)} in 95 % of 200 resamples of the ${count(inputs)} inputs)`;
}

export function valueText(value: number, format: Headline['format']): string {
  if (!Number.isFinite(value)) return 'not a number';
  if (format === 'share') return percent(value);
  return format === 'bytes' ? bytesText(value) : format === 'count' ? count(value) : amount(value);
}

function runsOf(
  { pass }: { readonly pass: string },
  { runs }: Controls,
): { readonly run: ControlRun; readonly controlled: ControlledPass }[] {
  return runs.flatMap((run) => {
    const controlled = run.passes.find((candidate) => candidate.pass === pass);
    return controlled === undefined ? [] : [{ run, controlled }];
  });
}
