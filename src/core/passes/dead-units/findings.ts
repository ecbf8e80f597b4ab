import type { ObservedLayer } from '../../graph/layers.js';
import type { RunFacts } from '../pass.js';
import type { Finding } from '../result.js';
import { unitsWhere } from '../units.js';
import { count, ofUnits, oneInputCaution, percent } from '../words.js';
import type { UnitState } from './state.js';

type States = ReadonlyMap<string, readonly UnitState[]>;

export function deadUnitsAnswer(states: States, facts: RunFacts): string {
  const all = [...states.values()].flat();
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
      ? `Each of the ${count(all.length)} units fired at least once`
      : `${count(dead)} of ${count(all.length)} units (${percent(dead / all.length)}) never fired`;
  return `${neverFired} ${facts.onInputs}${others.length > 0 ? `; ${others.join(', ')}` : ''}.${oneInputCaution(facts.inputsSeen)}`;
}

export function deadUnitsFindings(states: States, facts: RunFacts): Finding[] {
  return facts.layers.flatMap((layer) => layerFindings(layer, states.get(layer.value) ?? [], facts));
}

/** Relu and its spellings; HardSwish, Relu6 and squares bend or end above 0, too. */
function isIdentityAbove({ operator, range }: ObservedLayer): boolean {
  return /^(Relu|ThresholdedRelu)\b/.test(operator) && range.upper === undefined;
}

function layerFindings(layer: ObservedLayer, states: readonly UnitState[], facts: RunFacts): Finding[] {
  const { value, label, units, unitWord, family } = layer;
  const caution = oneInputCaution(facts.inputsSeen);
  const where = (wanted: UnitState): number[] => unitsWhere(units, (unit) => states[unit] === wanted);
  const was = (some: readonly number[], state: string): string => `${some.length === 1 ? 'was' : 'were'} ${state}`;
  const finding = (
    severity: Finding['severity'],
    kind: UnitState,
    some: number[],
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
