/** The answer, its table, and what deserves a warning. */
import type { LossMeasure } from '../../experiment/loss-measure.js';
import { accuracy, increaseInterval, lossIncrease, meanLoss, type LossTotals } from '../../experiment/loss-totals.js';
import { increaseDefinition, increaseLabel, increaseText } from '../../experiment/loss-words.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { itemOf } from '../node-numbers.js';
import { placesText } from '../massive-places.js';
import { meanOf, RULE } from '../point-magnitudes.js';
import { NO_ACTIVATIONS, type Finding, type Headline, type PassResult, type ResultTable } from '../result.js';
import { amount, count, oneInputCaution, sentence } from '../words.js';
import type { Found, Means } from './find.js';
import { DRAWS, type Intervention, type Measured } from './measure.js';

export interface Examined {
  readonly subject: ExperimentSubject;
  readonly measure: LossMeasure;
  readonly clean: LossTotals;
  readonly found: Found;
  readonly means: Means;
  readonly measured: readonly Measured[];
  readonly incomplete?: string;
}

/** Raised when the meaning of its numbers or what it tells changes. */
export const MASSIVE_INTERVENTIONS_VERSION = 2;
/** A network relies on what was taken away where the loss rises by more than this, and far more than with as many others. */
const RELIES = { above: 0.01, timesControl: 10 } as const;

const increaseOf = ({ measure, clean }: Examined, { totals }: Measured): number =>
  lossIncrease(measure.kind, totals, clean);

export async function report(examined: Examined): Promise<PassResult> {
  const { subject, clean, incomplete } = examined;
  const onInputs = await subject.onInputs(clean.sums.length);
  const caution = `${oneInputCaution(clean.sums.length)}${subject.dataset.synthetic ? ' The inputs are random: what a network relies on there says little about real ones.' : ''}`;
  const sentences = (['entries', 'dimensions'] as const).flatMap((what) => sentenceOf(examined, what, onInputs));
  return {
    pass: 'massive-interventions',
    passVersion: MASSIVE_INTERVENTIONS_VERSION,
    answer: `${sentences.join(' ')}${largestText(examined.found)}${caution}`,
    ...(incomplete === undefined ? {} : { incomplete }),
    headlines: headlines(examined),
    findings: (['entries', 'dimensions'] as const).flatMap((what) => findingOf(examined, what, onInputs)),
    ...NO_ACTIVATIONS,
    tables: [interventionTable(examined)],
  };
}

/** "the massive entries (3.2 per input)", "dimensions 7 and 12". */
function namesOf({ found, means, clean }: Examined, what: Intervention['what']): string {
  if (what === 'dimensions') {
    const named = found.dimensions.slice(0, 5).map(count);
    const more = found.dimensions.length - named.length;
    return `${found.dimensions.length === 1 ? 'dimension' : 'dimensions'} ${named.join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`;
  }
  if (found.rule === 'massive') return `the massive entries (${amount(means.entries / clean.sums.length)} per input)`;
  const { magnitudes } = found;
  return `the largest entry of each input (none is massive; ${amount(meanOf(magnitudes.ratios, magnitudes))} times the median)`;
}

/** " The largest entry of an input is most often at the token “<s>” …"; empty where a point has no positions. */
function largestText({ magnitudes }: Found): string {
  const places = placesText(magnitudes);
  return places === '' ? '' : ` The largest entry of an input there is ${places}.`;
}

function measuredOf({ measured }: Examined, what: Intervention['what'], to: Intervention['to']): Measured | undefined {
  return measured.find(({ intervention: each }) => each.what === what && each.to === to && each.draw === undefined);
}

/** The largest increase of the random draws. */
function worstControl(examined: Examined, what: Intervention['what'], to: Intervention['to']): number | undefined {
  const increases = examined.measured
    .filter(({ intervention: each }) => each.what === what && each.to === to && each.draw !== undefined)
    .map((each) => increaseOf(examined, each));
  return increases.length === 0 ? undefined : Math.max(...increases);
}

function sentenceOf(examined: Examined, what: Intervention['what'], onInputs: string): string[] {
  const parts = (['zero', 'mean'] as const).flatMap((to) => {
    const one = measuredOf(examined, what, to);
    if (one === undefined) return [];
    const control = worstControl(examined, what, to);
    const beside = control === undefined ? '' : ` (with as many at random at most ${increaseText(control)})`;
    return [`${increaseText(increaseOf(examined, one))} at ${to === 'zero' ? '0' : 'the mean'}${beside}`];
  });
  if (parts.length === 0) return [];
  const names = sentence(namesOf(examined, what));
  const label = increaseLabel(examined.measure.kind);
  return [`${names} in “${examined.found.magnitudes.point.label}”: ${label} ${parts.join(', ')}, ${onInputs}.`];
}

function headlines(examined: Examined): Headline[] {
  const { measure, clean } = examined;
  return (['entries', 'dimensions'] as const).flatMap((what): Headline[] => {
    const one = measuredOf(examined, what, 'zero');
    if (one === undefined) return [];
    const interval = increaseInterval(measure.kind, one.totals, clean);
    return [
      {
        id: `zeroed-${what}`,
        label: what === 'entries' ? 'Largest entries at 0' : 'Outlier dimensions at 0',
        definition: `${increaseDefinition(measure.kind)} The changed network runs with ${namesOf(examined, what)} in “${examined.found.magnitudes.point.label}” set to 0.`,
        format: 'share',
        value: increaseOf(examined, one),
        ...(interval === undefined ? {} : { interval }),
      },
    ];
  });
}

function findingOf(examined: Examined, what: Intervention['what'], onInputs: string): Finding[] {
  const { measure, found, subject } = examined;
  const [zero, mean] = [measuredOf(examined, what, 'zero'), measuredOf(examined, what, 'mean')];
  const control = worstControl(examined, what, 'zero');
  if (zero === undefined || control === undefined) return [];
  const increase = increaseOf(examined, zero);
  if (!(increase > RELIES.above && increase > RELIES.timesControl * control)) return [];
  const { label, value } = found.magnitudes.point;
  const asBias =
    mean === undefined ? '' : `, ${increaseText(increaseOf(examined, mean))} where they are held at their mean`;
  return [
    {
      severity: 'information',
      kind: `relies-on-${what}`,
      weight: Math.min(1, increase),
      sentence: `The network relies on ${namesOf(examined, what)} in “${label}”: ${increaseText(increase)} ${increaseLabel(measure.kind)} where they are set to 0${asBias}, and at most ${increaseText(control)} with as many others at random (${DRAWS} draws; ${onInputs}).`,
      ...itemOf(subject.graph, value),
      advice:
        'Keep this part out of pruning, and give it a scale of its own in quantisation. Where the mean costs little, the entries act as a constant bias.',
    },
  ];
}

function interventionTable(examined: Examined): ResultTable {
  const { measure, clean, found, measured, subject } = examined;
  const hasLabels = accuracy(clean) !== undefined;
  const { label, value } = found.magnitudes.point;
  const accuracyOf = (totals: LossTotals): number[] => (hasLabels ? [accuracy(totals) ?? NaN] : []);
  const rows = measured.map((each) => {
    const { intervention, replaced, totals } = each;
    const interval = increaseInterval(measure.kind, totals, clean);
    return {
      cells: [
        rowName(examined, intervention),
        intervention.to === 'zero' ? '0' : 'mean',
        replaced,
        meanLoss(totals),
        increaseOf(examined, each),
        interval?.low ?? '–',
        interval?.high ?? '–',
        ...accuracyOf(totals),
      ],
      ...itemOf(subject.graph, value),
    };
  });
  return {
    id: 'massive-interventions',
    title: `What was taken away in “${label}”`,
    definition:
      `Massive: ${RULE}, decided input by input. Replaced: entries of one input on average, or dimensions at all tokens. ` +
      'The mean of found entries is over the found entries in their dimension, that of other entries and of dimensions over all tokens; both over all inputs. ' +
      `${measure.definition} ${increaseDefinition(measure.kind)} The interval holds 95 % of 200 resamples over inputs (methods section 1, C3). Random entries are other entries of the same input, random dimensions others at the same point; seeded, ${DRAWS} draws.`,
    columns: [
      { id: 'what', label: 'Replaced', format: 'text' },
      { id: 'to', label: 'By', format: 'text' },
      { id: 'replaced', label: 'How many', format: 'number' },
      { id: 'loss', label: `Mean ${measure.label}`, format: 'number' },
      { id: 'increase', label: `Increase: ${increaseLabel(measure.kind)}`, format: 'share' },
      { id: 'lower', label: '95 % from', format: 'share' },
      { id: 'upper', label: 'to', format: 'share' },
      ...(hasLabels ? [{ id: 'accuracy', label: 'Accuracy', format: 'share' as const }] : []),
    ],
    rows: [{ cells: ['nothing', '–', 0, meanLoss(clean), 0, '–', '–', ...accuracyOf(clean)] }, ...rows],
  };
}

function rowName({ found }: Examined, { what, draw }: Intervention): string {
  if (draw !== undefined) return `random ${what}, draw ${draw + 1}`;
  if (what === 'dimensions') return `outlier dimensions ${found.dimensions.join(', ')}`;
  return found.rule === 'massive' ? 'massive entries' : 'largest entry of each input';
}
