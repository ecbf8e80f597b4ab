import type { ObservedLayer } from '../../graph/layers.js';
import type { RunFacts } from '../pass.js';
import type { Finding } from '../result.js';
import { unitsWhere } from '../units.js';
import { count, ofUnits, oneInputCaution, percent } from '../words.js';
import { growthFinding } from './growth.js';
import { deadRate, type LayerFiring } from './state.js';
import type { LayerVerdicts, UnitState } from './verdicts.js';

type Verdicts = ReadonlyMap<string, LayerVerdicts>;
type Firings = ReadonlyMap<string, LayerFiring>;

export function deadUnitsAnswer(verdicts: Verdicts, state: Firings, facts: RunFacts): string {
  const all = [...verdicts.values()].flatMap(({ states }) => states);
  const number = (wanted: UnitState): number => all.filter((state) => state === wanted).length;
  const dead = number('dead');
  const others = (
    [
      ['dormant', 'hardly ever fires', 'hardly ever fire'],
      ['always-on', 'always fires', 'always fire'],
      ['saturated', 'is saturated', 'are saturated'],
    ] as const
  )
    .map(([state, one, many]) => ({ one, many, units: number(state) }))
    .filter(({ units }) => units > 0)
    .map(({ one, many, units }) => `${count(units)} ${units === 1 ? one : many}`);
  const neverFired =
    dead === 0
      ? noneIsDead(all.length, facts)
      : `${count(dead)} of ${count(all.length)} units (${percent(dead / all.length)}) ${deadVerb(facts)}`;
  const rate = `${neverFired} ${facts.onInputs}${others.length > 0 ? `; ${others.join(', ')}` : ''}.`;
  return `${rate}${deadRateSentence(verdicts, state, facts)}${oneInputCaution(facts.inputsSeen)}`;
}

/** Only a rectifier has a plain moment at which it fires. */
function deadVerb({ layers }: RunFacts): string {
  const rectifiers = layers.filter(({ family }) => family === 'rectifier').length;
  if (rectifiers === layers.length) return 'never fired';
  return rectifiers === 0 ? 'stayed near zero' : 'never fired or stayed near zero';
}

function noneIsDead(units: number, facts: RunFacts): string {
  const verb = deadVerb(facts);
  return verb === 'never fired'
    ? `Each of the ${count(units)} units fired at least once`
    : `None of the ${count(units)} units ${verb}`;
}

/** DNR over all rectifiers, and what of it the weights alone explain: methods D1. */
function deadRateSentence(verdicts: Verdicts, state: Firings, facts: RunFacts): string {
  const rectifiers = facts.layers.filter(({ family }) => family === 'rectifier');
  const units = rectifiers.reduce((sum, layer) => sum + layer.units, 0);
  if (units === 0) return '';
  const silent = rectifiers.reduce(
    (sum, layer) => sum + layer.units * deadRate(state.get(layer.value) as LayerFiring),
    0,
  );
  const parts = deadRateParts(rectifiers, verdicts, state);
  return ` On an average input, ${percent(silent / units)} of the rectifiers’ units stay at 0 (dead neuron rate, DNR)${parts}.`;
}

/** Behind a sum of units nobody’s weights are to blame alone: those layers have no static part, and are left out of both. */
function deadRateParts(rectifiers: readonly ObservedLayer[], verdicts: Verdicts, state: Firings): string {
  const known = rectifiers.filter(({ value }) => verdicts.get(value)?.dead !== undefined);
  const units = known.reduce((sum, layer) => sum + layer.units, 0);
  if (units === 0) return '';
  const silent = known.reduce((sum, layer) => sum + layer.units * deadRate(state.get(layer.value) as LayerFiring), 0);
  const byWeights = known.reduce((sum, { value }) => sum + (verdicts.get(value)?.dead?.length ?? 0), 0);
  const where =
    known.length === rectifiers.length
      ? ''
      : ` in ${count(known.length)} of ${count(rectifiers.length)} layers, those whose units have weights of their own,`;
  return (
    `:${where} ${percent(byWeights / units)} by their weights alone (static), ` +
    `${percent((silent - byWeights) / units)} because of the inputs (dynamic)`
  );
}

export function deadUnitsFindings(verdicts: Verdicts, state: Firings, facts: RunFacts): Finding[] {
  return [
    ...facts.layers.flatMap((layer) => layerFindings(layer, verdicts.get(layer.value) as LayerVerdicts, facts)),
    ...growthFinding(state, facts),
  ];
}

/** Relu and its spellings; HardSwish, Relu6 and squares bend or end above 0, too. */
function isIdentityAbove({ operator, range }: ObservedLayer): boolean {
  return /^(Relu|ThresholdedRelu)\b/.test(operator) && range.upper === undefined;
}

function layerFindings(
  layer: ObservedLayer,
  { states, constant, duplicates }: LayerVerdicts,
  facts: RunFacts,
): Finding[] {
  const { value, label, units, unitWord, family } = layer;
  const caution = oneInputCaution(facts.inputsSeen);
  const where = (wanted: UnitState): number[] => unitsWhere(units, (unit) => states[unit] === wanted);
  const was = (some: readonly number[], state: string): string => `${some.length === 1 ? 'was' : 'were'} ${state}`;
  const finding = (
    severity: Finding['severity'],
    kind: string,
    some: readonly number[],
    verb: string,
    advice: string,
  ): Finding[] =>
    some.length === 0
      ? []
      : [
          {
            severity,
            kind,
            weight: some.length / units,
            sentence:
              `${label}: ${ofUnits(some.length, units, unitWord)} ${verb} ${facts.onInputs} ` +
              `(${percent(some.length / units)}).${caution}`,
            layer: value,
            units: some,
            advice,
          },
        ];
  const dead = where('dead');
  const saturated = where('saturated');
  const alwaysOn = where('always-on');
  return [
    ...finding(
      dead.length === units ? 'error' : 'warning',
      'dead',
      dead,
      family === 'rectifier' ? 'never fired' : 'stayed near zero',
      dead.length === units
        ? 'The whole layer is silent: nothing passes through it. Look for broken weights, a wrong preprocessing or a dying layer.'
        : 'They cost compute and memory and give nothing on this data. More or other inputs may wake them: this is no proof.',
    ),
    ...finding(
      'warning',
      'saturated',
      saturated,
      was(saturated, 'saturated almost everywhere'),
      'They sit at an end of their range and pass hardly any signal. Large weights or unscaled inputs are the usual reason.',
    ),
    ...finding(
      'warning',
      'constant',
      constant,
      'gave the same value everywhere',
      'A constant unit can be folded into the next layer’s bias, if other inputs keep it constant too.',
    ),
    ...finding(
      'warning',
      'duplicate',
      duplicates,
      'gave on every position the values of another one before them',
      'One of each is enough on this data: their outgoing weights can be added up.',
    ),
    ...finding(
      'information',
      'dormant',
      where('dormant'),
      'fired on under 1 % of their entries',
      'Rare can be specific: look at the inputs that excite them before removing them.',
    ),
    ...(family === 'rectifier' && facts.inputsSeen > 1
      ? finding(
          'information',
          'always-on',
          alwaysOn,
          was(alwaysOn, 'never zero'),
          isIdentityAbove(layer)
            ? 'The rectifier does nothing for these units on this data: they are linear here.'
            : 'They never rest on these inputs, so nothing can be skipped for them.',
        )
      : []),
  ];
}
