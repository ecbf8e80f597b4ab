/** Certificates in words, tables and numbers per unit. The box stands beside each. */
import { displayText } from '../../display-text.js';
import type { CutNode } from '../../rewrite/linearize/plan.js';
import {
  NO_ACTIVATIONS,
  type Finding,
  type LayerMetric,
  type PassResult,
  type ProofBox,
  type ResultTable,
  type UnitMetric,
} from '../result.js';
import { count, ofUnits, percent, sentence } from '../words.js';
import type { ClassVerdicts } from './classes.js';
import { unitsWith, type CertifiedLayer } from './layers.js';
import type { Verdict } from './verdicts.js';

export const PASS = { id: 'certificates', version: 7 } as const;

export interface Certificates {
  readonly box: ProofBox;
  readonly layers: readonly CertifiedLayer[];
  /** Why there are no such layers, without a full stop; only where there are none. */
  readonly noUnits?: string;
  readonly classes: readonly (ClassVerdicts & { readonly end: string })[];
  /** Where bounds end. */
  readonly cutNodes: readonly CutNode[];
  readonly splits: number;
}

/** Nothing was proven, because something was missing. */
export function withoutBox(answer: string, advice: string): PassResult {
  return {
    pass: PASS.id,
    passVersion: PASS.version,
    answer,
    findings: [{ severity: 'information', weight: 0, sentence: answer, advice }],
    ...NO_ACTIVATIONS,
  };
}

export function reportOf(certificates: Certificates): PassResult {
  const { layers } = certificates;
  return {
    pass: PASS.id,
    passVersion: PASS.version,
    answer: answerOf(certificates),
    findings: findingsOf(certificates),
    ...NO_ACTIVATIONS,
    box: certificates.box,
    layerMetrics: layerMetrics(certificates),
    unitMetrics: unitMetrics(certificates),
    tables: [...(layers.length === 0 ? [] : [layerTable(certificates)]), ...classTables(certificates)],
  };
}

function total(layers: readonly CertifiedLayer[], verdict: Verdict): number {
  return layers.reduce((sum, layer) => sum + unitsWith(layer, verdict).length, 0);
}

function flagged(flags: Uint8Array): number[] {
  return Array.from(flags).flatMap((flag, at) => (flag === 1 ? [at] : []));
}

function answerOf({ layers, noUnits, classes, box }: Certificates): string {
  const losing = classes.reduce((sum, { neverLargest }) => sum + flagged(neverLargest).length, 0);
  const outputs =
    classes.length === 0
      ? ''
      : losing === 0
        ? ' Of every class it is open whether it can win.'
        : ` ${count(losing)} ${losing === 1 ? 'class' : 'classes'} can never win.`;
  if (noUnits !== undefined) return `${noUnits}.${outputs} This is for any input in the box (${box.text}).`;
  const units = layers.reduce((sum, { verdicts }) => sum + verdicts.length, 0);
  if (units === 0)
    return `No unit has bounds, because they end before the first activation function (${box.text}).${outputs}`;
  const [dead, linear, constant] = (['dead', 'linear', 'constant'] as const).map((each) => total(layers, each));
  const parts = [
    `${count(dead ?? 0)} of ${count(units)} units can never fire for any input in the box`,
    `${count(linear ?? 0)} are linear for all of them`,
    ...((constant ?? 0) > 0 ? [`${count(constant ?? 0)} are constant or saturated`] : []),
  ];
  const rest = ' What is not proven is open: such a unit may fire or not.';
  return `${parts.join(', ')} (${box.text}).${outputs}${rest}`;
}

const MEANING: Readonly<Record<Exclude<Verdict, 'undecided'>, { readonly is: string; readonly advice: string }>> = {
  dead: {
    is: 'can never fire',
    advice: 'This is a proof, not an observation: in this box they can be cut out without changing any output.',
  },
  linear: {
    is: 'are linear',
    advice: 'Their activation function does nothing in this box: they can be merged with the layer behind them.',
  },
  constant: {
    is: 'are constant or saturated',
    advice: 'They carry nothing from the input on: their value can go into the biases of the layer behind them.',
  },
};

function findingsOf({ layers, classes, cutNodes, box }: Certificates): Finding[] {
  const kinds = ['dead', 'constant', 'linear'] as const;
  const ofLayers = layers.flatMap((each) =>
    kinds.flatMap((kind): Finding[] => {
      const units = unitsWith(each, kind);
      if (units.length === 0) return [];
      const { layer, verdicts, unitWord } = each;
      const who = ofUnits(units.length, verdicts.length, unitWord);
      return [
        {
          severity: kind === 'linear' ? 'information' : 'warning',
          weight: units.length / verdicts.length,
          sentence: `${who} of ${displayText(layer.label)} ${MEANING[kind].is} for any input in the box (${box.text}).`,
          advice: MEANING[kind].advice,
          layer: layer.value,
          units,
        },
      ];
    }),
  );
  const ofClasses = classes.flatMap(({ end, neverLargest }): Finding[] => {
    const losing = flagged(neverLargest);
    if (losing.length === 0) return [];
    const which = losing.length === 1 ? `Class ${losing.join()} can` : `Classes ${losing.join(', ')} can`;
    return [
      {
        severity: 'warning',
        weight: losing.length / neverLargest.length,
        sentence: `${which} never win at “${displayText(end)}” for any input in the box (${box.text}).`,
        advice: 'Another output is larger for every such input. Classes are counted from 0.',
      },
    ];
  });
  const ofCuts = cutNodes.map(({ node, values, reason }): Finding => ({
    severity: 'information',
    weight: 0,
    sentence: `Bounds end at ${node.opType} (“${displayText(values[0] ?? '')}”): ${reason}.`,
    advice: 'Nothing behind it is certified; units before it are not affected.',
  }));
  return [...ofLayers, ...ofClasses, ...ofCuts];
}

function layerMetrics({ layers, box }: Certificates): LayerMetric[] {
  const share = (verdict: Verdict): LayerMetric['values'] =>
    Object.fromEntries(
      layers.map((each) => [each.layer.value, unitsWith(each, verdict).length / Math.max(1, each.verdicts.length)]),
    );
  const metric = (id: string, label: string, verdict: Verdict, what: string): LayerMetric => ({
    id,
    label,
    definition: `Share of the layer’s units that ${what} for every input in the box: ${box.text}. Proven by bounds, no data.`,
    format: 'share',
    scale: 'sequential',
    values: share(verdict),
  });
  return [
    metric('certified-dead-share', 'Can never fire', 'dead', 'are 0'),
    metric('certified-linear-share', 'Always linear', 'linear', 'stay on one straight piece of their function'),
    metric('certified-constant-share', 'Constant or saturated', 'constant', 'are constant or saturated'),
  ];
}

const CODES: Readonly<Record<Verdict, number>> = { dead: -1, undecided: 0, linear: 1, constant: -0.5 };

function unitMetrics({ layers, box }: Certificates): UnitMetric[] {
  const metric = (
    id: string,
    label: string,
    definition: string,
    values: (layer: CertifiedLayer) => Float32Array,
  ): UnitMetric => ({
    id,
    label,
    definition: `${definition} In the box: ${box.text}.`,
    format: 'number',
    scale: 'diverging',
    values: Object.fromEntries(layers.map((each) => [each.layer.value, values(each)])),
  });
  return [
    metric(
      'certificate',
      'Certificate',
      'What is proven of a unit: −1 it can never fire, −0.5 it is constant or saturated, 0 nothing, 1 it is always linear.',
      ({ verdicts }) => Float32Array.from(verdicts, (verdict) => CODES[verdict]),
    ),
    metric(
      'certified-upper',
      'Upper bound',
      'No input takes the input of the activation function of this unit above this number, at any position.',
      ({ upper }) => upper,
    ),
    metric(
      'certified-lower',
      'Lower bound',
      'No input takes the input of the activation function of this unit below this number, at any position.',
      ({ lower }) => lower,
    ),
  ];
}

function layerTable({ layers, box, splits }: Certificates): ResultTable {
  const cut = splits === 0 ? '' : ` The box was cut ${splits === 1 ? 'once' : `${count(splits)} times`}.`;
  return {
    id: 'certificates-by-layer',
    title: 'What is proven, by layer',
    definition: `For every input in the box: ${box.text}.${cut} A unit is proven where all its positions are. Undecided units may fire or not.`,
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'units', label: 'Units', format: 'count' },
      { id: 'dead', label: 'Can never fire', format: 'count' },
      { id: 'linear', label: 'Always linear', format: 'count' },
      { id: 'constant', label: 'Constant or saturated', format: 'count' },
      { id: 'undecided', label: 'Undecided', format: 'count' },
      { id: 'width', label: 'Mean width of the bounds', format: 'number' },
      { id: 'method', label: 'By', format: 'text' },
    ],
    rows: layers.map((each) => ({
      cells: [
        displayText(each.layer.label),
        each.verdicts.length,
        ...(['dead', 'linear', 'constant', 'undecided'] as const).map((kind) => unitsWith(each, kind).length),
        each.upper.reduce((sum, high, at) => sum + high - (each.lower[at] ?? NaN), 0) / Math.max(1, each.upper.length),
        each.method === 'crown' ? 'CROWN and intervals' : 'intervals',
      ],
    })),
  };
}

function classTables({ classes, box }: Certificates): ResultTable[] {
  return classes.map(({ end, neverLargest, neverSmallest }) => {
    const yes = (flags: Uint8Array, at: number): string => (flags[at] === 1 ? 'never' : 'open');
    const share = flagged(neverLargest).length / Math.max(1, neverLargest.length);
    return {
      id: `certificates-classes-${end}`,
      title: `Classes of ${displayText(end)}`,
      definition: `${sentence(percent(share))} of the classes can never win, for any input in the box: ${box.text}. Where the smallest number wins, read the last column.`,
      columns: [
        { id: 'class', label: 'Class', format: 'count' },
        { id: 'largest', label: 'Is the largest', format: 'text' },
        { id: 'smallest', label: 'Is the smallest', format: 'text' },
      ],
      rows: Array.from(neverLargest, (_, at) => ({ cells: [at, yes(neverLargest, at), yes(neverSmallest, at)] })),
    };
  });
}
