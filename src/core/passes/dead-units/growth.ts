/** Would more data change the dead set? What was dead among the first 2ᵏ inputs: methods D1, “more inputs can only shrink it”. */
import type { ObservedLayer } from '../../graph/layers.js';
import type { RunFacts } from '../pass.js';
import type { Curve, Finding } from '../result.js';
import { count } from '../words.js';
import { deadAmongFirst, type LayerFiring } from './state.js';

interface Rectifier {
  readonly layer: ObservedLayer;
  readonly firing: LayerFiring;
}

/** Units of functions that are never exactly zero have no moment at which they wake. */
function rectifiers(state: ReadonlyMap<string, LayerFiring>, { layers }: RunFacts): Rectifier[] {
  return layers.flatMap((layer) => {
    const firing = state.get(layer.value);
    return layer.family === 'rectifier' && firing !== undefined ? [{ layer, firing }] : [];
  });
}

/** Why some layers have no line in the curve, or none has; empty where all have one. */
export function withoutGrowth({ layers, inputsSeen }: RunFacts): string {
  const others = layers.filter(({ family }) => family !== 'rectifier');
  if (others.length === 0 || inputsSeen < 2) return '';
  const functions = [...new Set(others.map(({ operator }) => operator))].join(', ');
  return (
    ` There is no curve over the inputs for ${functions}: a unit is dead there by comparison with the layer’s other units, ` +
    'whose largest |h| grow with the inputs, so that more of them could make a unit dead as well as wake it.'
  );
}

/** 1, 2, 4, … and all of them. */
function steps(inputs: number): number[] {
  const powers: number[] = [];
  for (let step = 1; step < inputs; step *= 2) powers.push(step);
  return [...powers, inputs];
}

export function deadGrowth(state: ReadonlyMap<string, LayerFiring>, facts: RunFacts): Curve[] {
  const found = rectifiers(state, facts);
  const inputs = inputsSpanned(found);
  if (inputs < 2) return [];
  const x = Float32Array.from(steps(inputs));
  const units = found.reduce((sum, { layer }) => sum + layer.units, 0);
  return [
    {
      id: 'dead-by-inputs',
      title: 'Dead units by number of inputs',
      xLabel: 'First inputs of the data',
      xSpread: 'logarithmic',
      yLabel: 'Units that never fired',
      definition:
        'Share of a layer’s units that are exactly 0 on every position of the first 1, 2, 4, … inputs, in the order of ' +
        'the data (rectifiers only). More inputs can only wake units: where the line still falls, they would. Methods D1.' +
        withoutGrowth(facts),
      format: 'share',
      series: [
        {
          label: 'all layers',
          x,
          y: x.map(
            (first) =>
              found.reduce((sum, { layer, firing }) => sum + layer.units * deadAmongFirst(firing, first), 0) / units,
          ),
          dashed: true,
        },
        ...found.map(({ layer, firing }) => ({
          label: layer.label,
          layer: layer.value,
          x,
          y: x.map((first) => deadAmongFirst(firing, first)),
        })),
      ],
    },
  ];
}

export function growthFinding(state: ReadonlyMap<string, LayerFiring>, facts: RunFacts): Finding[] {
  const found = rectifiers(state, facts);
  const inputs = inputsSpanned(found);
  const half = Math.ceil(inputs / 2);
  const dead = (first: number): number =>
    found.reduce((sum, { layer, firing }) => sum + Math.round(layer.units * deadAmongFirst(firing, first)), 0);
  const [before, after] = [dead(half), dead(inputs)];
  if (inputs < 2 || before === 0) return [];
  const units = found.reduce((sum, { layer }) => sum + layer.units, 0);
  const woke = before - after;
  const second = `the other ${count(inputs - half)}`;
  return [
    {
      severity: 'information',
      weight: before / units,
      sentence:
        woke === 0
          ? `${before === 1 ? 'The 1 unit' : `All ${count(before)} units`} that never fired on the first ${count(half)} inputs stayed silent on ${second}, too.`
          : `Of ${count(before)} units that never fired on the first ${count(half)} inputs, ${count(woke)} woke on ${second}.`,
      advice:
        woke === 0
          ? 'More inputs of this kind would change the dead set little; other kinds may.'
          : 'The dead set still shrinks: run more inputs before calling units dead.',
    },
  ];
}

/** Inputs in the order of the data, up to the last one of which anything is known. */
function inputsSpanned(found: readonly Rectifier[]): number {
  return found[0]?.firing.inputs[0] ?? 0;
}
