/** The answer, its chart and its tables. */
import { allowedText } from '../../experiment/allowed-loss-increase.js';
import { accuracy, increaseInterval, meanLoss } from '../../experiment/loss-totals.js';
import { increaseText } from '../../experiment/loss-words.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { findRoles } from '../../graph/roles/roles.js';
import { total } from '../../summary/counts.js';
import type { Curve, Finding, PassResult, UnitMetric } from '../result.js';
import { amount, count, oneInputCaution, percent, sentence } from '../words.js';
import { cettCurves, lossCurves } from './curves.js';
import type { Examined, MeasuredPoint } from './examined.js';
import type { MaskedLayers } from './masked-layers.js';
import { budgetText } from './budget-text.js';
import { headlines, savedText } from './headlines.js';
import { VERSION } from './method.js';
import { layerMetrics, numbersByLayer, type LayerNumbers } from './metrics.js';
import { sparsityOf } from './skipping.js';
import { layerTable, settingsTable } from './tables.js';

/** A layer resists where less than this share of what all layers skip is skipped of it. */
const RESISTS = 0.5;
const NAMED = 3;
/** Fewer tokens (labels) than this make the loss of a percent a matter of luck. */
const FEW = 1000;

export async function report(examined: Examined): Promise<PassResult> {
  const { subject, masked, calibration, search, incomplete } = examined;
  const { layers } = masked;
  const { clean } = calibration;
  const shares = search.best.skipped.layers.map((layer) => sparsityOf([layer]));
  const points = [...searchPoints(examined), ...examined.points];
  const onInputs = await subject.onInputs(clean.sums.length);
  const known = new Map(subject.layers.map((layer) => [layer.value, layer]));
  const numbers = numbersByLayer(examined, shares);
  const firing: UnitMetric = {
    id: 'kept-rate',
    label: 'Kept where others are skipped',
    definition: `Share of the sites at which a neuron is not skipped, at the thresholds of the answer.`,
    format: 'share',
    scale: 'sequential',
    values: Object.fromEntries(
      layers.flatMap(({ layer, neurons }, index) => {
        const found = search.best.skipped.layers[index];
        if (found === undefined || known.get(layer)?.units !== neurons) return [];
        return [[layer, Float32Array.from(found.kept, (kept) => kept / found.sites)]];
      }),
    ),
  };
  const curves: readonly Curve[] = [...lossCurves(examined, points), ...cettCurves(calibration)];
  return {
    pass: 'skippable-neurons',
    passVersion: VERSION,
    answer: answer(examined, shares, onInputs),
    headlines: headlines(examined, numbers),
    ...(incomplete === undefined ? {} : { incomplete }),
    findings: findings(examined, numbers, onInputs),
    layerMetrics: layerMetrics(examined, numbers),
    unitMetrics: [firing],
    exampleMetrics: [],
    curves,
    tables: [layerTable(examined, numbers), settingsTable(examined, points)],
  };
}

/** Steps of the search, from the least skipped on. */
function searchPoints({ search, masked }: Examined): MeasuredPoint[] {
  const isCett = masked.layers.some(({ block }) => block !== undefined);
  return [...search.steps]
    .sort((a, b) => a.target - b.target)
    .map(({ target, skipped }) => ({
      metric: isCett ? 'CETT: what each layer loses is the same' : 'The same share of every layer',
      setting: `${isCett ? 'CETT' : 'share'} ${target.toFixed(4)}`,
      skipped,
    }));
}

function answer(examined: Examined, shares: readonly number[], onInputs: string): string {
  const { subject, measure, masked, calibration, search } = examined;
  const { best } = search;
  const what = wordFor(masked, measure);
  const interval = increaseInterval(measure.kind, best.skipped.totals, calibration.clean);
  const spread =
    interval === undefined
      ? ''
      : `, 95 % of resamples between ${increaseText(interval.low)} and ${increaseText(interval.high)}`;
  const met =
    best.increase <= subject.allowedLossIncrease
      ? budgetText(examined)
      : `at ${increaseText(best.increase)} (no threshold keeps to ${allowedText(subject.allowedLossIncrease)})`;
  return [
    `${sentence(met)}, ${percent(best.skipped.sparsity)} of the ${what} can be skipped ${onInputs} (measured: ${increaseText(best.increase)}${spread}).`,
    accuracyText(examined),
    guessing(examined),
    resisting(masked, shares, best.skipped.sparsity),
    masked.leftOut.length === 0
      ? ''
      : `${count(masked.leftOut.length)} blocks are left out: ${masked.leftOut[0]?.label}: ${masked.leftOut[0]?.reason}`,
    isNoMlp(subject)
      ? `${findRoles(subject.graph).noMlpBlocks ?? ''} So the smallest activations of every layer are set to 0.`
      : '',
    measure.why,
    cautions(examined),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** "MLP neurons per token". */
function wordFor({ layers }: MaskedLayers, { kind }: Examined['measure']): string {
  const blocks = layers.flatMap(({ block }) => block ?? []);
  if (blocks.length === 0) return 'activations';
  if (blocks.every(({ down }) => down.kind === 'convolution'))
    return 'channels of convolutional blocks, position by position,';
  return kind === 'next-token' ? 'MLP neurons per token' : 'MLP neurons per site';
}

function isNoMlp({ graph }: ExperimentSubject): boolean {
  return findRoles(graph).mlpBlocks.length === 0;
}

function resisting({ layers }: MaskedLayers, shares: readonly number[], overall: number): string {
  if (layers.length < 2) return '';
  const rising = layers
    .map(({ label }, index) => ({ label, share: shares[index] ?? NaN }))
    .sort((a, b) => a.share - b.share);
  const resist = rising.filter(({ share }) => share < RESISTS * overall);
  if (shares.every((share) => share === 1)) {
    return 'That is all of every layer: the output hardly depends on them, if at all. Look for weights that are all 0, or for inputs that are.';
  }
  if (resist.length === 0) {
    const [least, most] = [rising[0], rising.at(-1)];
    return `No layer resists (less than half of that): least is skipped of ${least?.label} (${percent(least?.share ?? NaN)}), most of ${most?.label} (${percent(most?.share ?? NaN)}).`;
  }
  const named = resist.slice(0, NAMED).map(({ label, share }) => `${label} (${percent(share)})`);
  const more = resist.length > NAMED ? ` and ${count(resist.length - NAMED)} more` : '';
  return `${named.join(', ')}${more} ${resist.length === 1 ? 'resists' : 'resist'}: less than half of that is skipped there.`;
}

function cautions({ measure, calibration, subject }: Examined): string {
  const { clean } = calibration;
  const counted = total(clean.counts);
  const unit =
    measure.kind === 'class'
      ? 'labels'
      : measure.kind === 'next-token'
        ? 'tokens'
        : measure.positions === 1
          ? 'inputs'
          : 'positions';
  const without = clean.counts.reduce((sum, each) => sum + (each === 0 ? 1 : 0), 0);
  const leftOut = without === 0 ? '' : ` ${count(without)} inputs have no known target and count for nothing.`;
  const few =
    counted < FEW
      ? ` That rests on ${counted === 1 ? `1 ${unit.slice(0, -1)}` : `${count(counted)} ${unit}`}: few for a loss of ${allowedText(subject.allowedLossIncrease)}.`
      : '';
  const synthetic = subject.dataset.synthetic ? ' The inputs are random: real ones may allow more or less.' : '';
  return `${few}${leftOut}${synthetic}${oneInputCaution(clean.sums.length)}`.trim();
}

/** "Accuracy goes from 80 % to 79 %."; nothing without labels or next tokens. */
function accuracyText({ calibration, search }: Examined): string {
  const [clean, skipped] = [accuracy(calibration.clean), accuracy(search.best.skipped.totals)];
  return clean === undefined || skipped === undefined
    ? ''
    : `Accuracy goes from ${percent(clean)} to ${percent(skipped)}.`;
}

/** Whether the network as it is does no better on its targets than the same probability for all of them would. */
function isGuessing({ measure, calibration }: Examined): boolean {
  const isTask = measure.kind === 'next-token' || measure.kind === 'class';
  return isTask && meanLoss(calibration.clean) >= Math.log(measure.dims.at(-1) ?? 1);
}

/** Then the loss says nothing of what the network is for, and parts of it can be left out for the better. */
function guessing(examined: Examined): string {
  const { measure, calibration } = examined;
  if (!isGuessing(examined)) return '';
  const choices = count(measure.dims.at(-1) ?? 1);
  const [word, remedy] =
    measure.kind === 'class'
      ? ['classes', 'Check the labels, and how the inputs are prepared.']
      : [
          'tokens',
          'If it was not made to predict the next token of these texts, let the recipe read their ids with “"source": "array"”: then the change of its own predictions is measured.',
        ];
  return (
    `But as it is, the network does no better than guessing: its perplexity is ${amount(Math.exp(meanLoss(calibration.clean)))}, that of a guess ` +
    `among ${choices} ${word} is ${choices}. So this loss does not tell what the network needs. ${remedy}`
  );
}

function findings(examined: Examined, numbers: readonly LayerNumbers[], onInputs: string): Finding[] {
  const { measure, masked, calibration, search } = examined;
  const { best } = search;
  const kept = accuracyText(examined);
  const caution = guessing(examined);
  const headline: Finding = {
    severity: 'information',
    // What makes a guess better is no share that another run would give, too.
    kind: isGuessing(examined) && best.increase < 0 ? 'skipping-helps' : 'skippable',
    weight: best.skipped.sparsity,
    sentence: `${percent(best.skipped.sparsity)} of the ${wordFor(masked, measure)} can be skipped ${budgetText(examined)} ${onInputs}.${kept === '' ? '' : ` ${kept}`}${caution === '' ? '' : ` ${caution}`}${savedText(examined, numbers)}${oneInputCaution(calibration.clean.sums.length)}`,
    advice:
      'What is skipped changes from site to site: a runtime must find out which neurons those are before it reads their weights.',
  };
  const zero = masked.layers.flatMap(({ label, layer }, index): Finding[] => {
    if (numbers[index]?.share !== 1) return [];
    return [
      {
        severity: 'warning',
        kind: 'all-skippable',
        weight: 1,
        layer,
        sentence: `All neurons of ${label} can be skipped at every site ${onInputs}: the block adds nothing but its bias.${oneInputCaution(calibration.clean.sums.length)}`,
        advice:
          'Look for weights that are all 0 in it or before it. Without any, the block can be left out on inputs like these.',
      },
    ];
  });
  return [headline, ...zero];
}
