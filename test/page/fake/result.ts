/** A result as four passes would give it. */
import { NO_CONTROLS } from '../../../src/core/controls/control.js';
import type { Curve, Finding, LayerMetric, LayerSummary, Quantity } from '../../../src/core/passes/result.js';
import { oneInputCaution } from '../../../src/core/passes/words.js';
import type { PassSummary, ResultSummary } from '../../../src/protocol/inspection.js';
import type { PassDescription } from '../../../src/protocol/model.js';
import type { FakeNetwork } from './network.js';
import { numbersOf } from './numbers.js';
import { noise } from './random.js';

export const PASSES: readonly PassDescription[] = [
  {
    id: 'dead-units',
    title: 'Dead, dormant and always-on units',
    question: 'Which units never fire, hardly ever fire, or always fire on these inputs?',
    over: 'inputs',
    method:
      'A unit’s firing rate p is the share of its entries that are not exactly 0. Dead p = 0, dormant 0 < p < 1 %, always on p = 1.',
  },
  {
    id: 'zero-sparsity',
    title: 'Zero sparsity',
    question: 'How much of each layer’s output is exactly zero?',
    over: 'inputs',
    method: 'Zeros are counted after the non-linearity; −0 counts.',
  },
  {
    id: 'activation-statistics',
    title: 'Activation statistics',
    question: 'What values do the units of each layer take on these inputs?',
    over: 'inputs',
    method:
      'One forward per batch. Count, mean, variance, extrema, zeros and non-finite values per unit, merged over batches.',
  },
  {
    id: 'silent-sites',
    title: 'Silent sites of pictures',
    question: 'Where in the picture are channels silent?',
    over: 'inputs',
    method: 'The share of channels and inputs that are exactly 0 at each place.',
  },
  {
    id: 'attention-patterns',
    title: 'Attention patterns',
    question: 'Where does each attention head look?',
    over: 'inputs',
    method: 'The softmax output of each head, averaged over inputs.',
    reason: 'This model has no attention: no Softmax over an inner axis was found.',
  },
];

const share: Pick<Quantity, 'format' | 'scale'> = { format: 'share', scale: 'sequential' };
const number: Pick<Quantity, 'format' | 'scale'> = { format: 'number', scale: 'sequential' };

export const UNIT_METRICS: readonly Quantity[] = [
  {
    id: 'unit-mean-magnitude',
    label: 'Mean |activation|',
    definition: 'Mean of |h| of the unit over all positions and inputs.',
    ...number,
  },
  {
    id: 'unit-mean',
    label: 'Mean',
    definition: 'Mean of h of the unit over all positions and inputs.',
    format: 'number',
    scale: 'diverging',
  },
  {
    id: 'unit-maximum',
    label: 'Maximum',
    definition: 'Largest h of the unit over all positions and inputs.',
    ...number,
  },
  {
    id: 'unit-zero-share',
    label: 'Zero share',
    definition: 'Share of the unit’s entries (positions × inputs) that are exactly 0.',
    ...share,
  },
  {
    id: 'unit-zeros',
    label: 'Exact zeros',
    definition: 'Entries of the unit that are exactly 0 (−0 counts).',
    format: 'count',
    scale: 'sequential',
  },
];

export interface ResultOptions {
  readonly inputsSeen?: number;
  readonly cached?: boolean;
  readonly compared?: boolean;
  readonly synthetic?: boolean;
  readonly skipped?: ResultSummary['skipped'];
}

export function resultOf(network: FakeNetwork, options: ResultOptions = {}): ResultSummary {
  const { layers, examples: planned } = network;
  const inputsSeen = options.inputsSeen ?? planned;
  const numbers = numbersOf(network);
  const mean = (of: (layer: LayerSummary, unit: number) => number): Record<string, number> =>
    Object.fromEntries(
      layers.map((layer) => {
        let sum = 0;
        for (let unit = 0; unit < layer.units; unit++) sum += of(layer, unit);
        return [layer.value, sum / layer.units];
      }),
    );
  const deadShare = mean((layer, unit) => Number(numbers.dead(layer, unit)));
  const zeroShare = mean(numbers.zeroShare);
  const magnitude = mean(numbers.magnitude);
  const layerMetric = (id: string, label: string, definition: string, kind: typeof share, values: Record<string, number>): LayerMetric => ({
    id, label, definition, ...kind, values,
  }); // prettier-ignore
  const examples = Int32Array.from({ length: Math.min(inputsSeen, 2000) }, (_, index) => index);
  const findings = findingsOf(network, deadShare, inputsSeen);
  const total = layers.reduce((sum, layer) => sum + layer.units, 0);
  const dead = layers.reduce((sum, layer) => sum + Math.round((deadShare[layer.value] ?? 0) * layer.units), 0);
  return {
    layers,
    inputsSeen,
    inputsPlanned: planned,
    skipped: options.skipped ?? [],
    leftOut: [],
    data: options.synthetic ? 'random normal values, seed 1' : `${planned} images from images/`,
    synthetic: options.synthetic ?? false,
    engine: 'onnxruntime-node 1.30.0 (native)',
    seconds: 3.4,
    finished: '2026-05-04T09:12:00.000Z',
    cached: options.cached ?? false,
    controls: NO_CONTROLS,
    passes: [
      {
        pass: 'dead-units',
        passVersion: 1,
        answer: `${dead} of ${total} units never fired on ${inputsSeen} inputs, most of them in the last stage.${oneInputCaution(inputsSeen)}`,
        findings: findings.filter((finding) => finding.severity !== 'information'),
        layerMetrics: [
          layerMetric(
            'layer-dead-share',
            'Dead share',
            'Share of the layer’s units that were exactly 0 on every input and position seen.',
            share,
            deadShare,
          ),
          layerMetric(
            'layer-dormant-share',
            'Dormant share',
            'Share of the layer’s units that fired on under 1 % of their entries, but not never.',
            share,
            mean((layer, unit) => Number(noise(unit, layer.units, 9) < 0.03)),
          ),
          layerMetric(
            'layer-always-on-share',
            'Always-on share',
            'Share of the layer’s units that were never exactly 0.',
            share,
            mean((layer, unit) => Number(noise(unit, layer.units, 8) < 0.05)),
          ),
        ],
        unitMetrics: [],
        exampleMetrics: [],
        curves: [],
      },
      {
        pass: 'zero-sparsity',
        passVersion: 1,
        answer:
          'Of all values that the network computed, 58 % were exactly zero; the emptiest layer is layer4.1.2.relu with 89 %.',
        findings: findings.filter((finding) => finding.severity === 'information'),
        layerMetrics: [
          layerMetric(
            'layer-zero-share',
            'Zero share',
            'Share of the layer’s entries (units × positions × inputs) that are exactly 0.',
            share,
            zeroShare,
          ),
        ],
        unitMetrics: UNIT_METRICS.slice(3),
        exampleMetrics: [],
        curves: network.kind === 'text' ? curvesOf(network) : [],
      },
      {
        pass: 'activation-statistics',
        passVersion: 1,
        answer: `The ${total} units of ${layers.length} layers reach from 0 to 6.42; no value is NaN or infinite.`,
        findings: [],
        layerMetrics: [
          layerMetric(
            'layer-mean-magnitude',
            'Mean |activation|',
            'Mean of |h| over all units, positions and inputs of the layer.',
            number as typeof share,
            magnitude,
          ),
          {
            ...layerMetric(
              'layer-mean',
              'Mean activation',
              'Mean of h over all units, positions and inputs of the layer.',
              number as typeof share,
              mean((layer, unit) => numbers.magnitude(layer, unit) - (layer.family === 'rectifier' ? 0 : 0.5)),
            ),
            scale: 'diverging',
          },
          layerMetric(
            'layer-peak',
            'Largest |activation|',
            'Largest |h| over all units, positions and inputs of the layer.',
            number as typeof share,
            mean((layer, unit) => 4 * numbers.magnitude(layer, unit) + 1),
          ),
        ],
        unitMetrics: UNIT_METRICS.slice(0, 3),
        exampleMetrics: [
          {
            id: 'example-maximum',
            label: 'Largest activation',
            definition: 'Largest h of the unit over the positions of one input.',
            ...number,
            examples,
          },
          {
            id: 'example-mean',
            label: 'Mean activation',
            definition: 'Mean of h of the unit over the positions of one input.',
            format: 'number',
            scale: 'diverging',
            examples,
          },
        ],
        curves: [],
      },
      ...(network.kind === 'images'
        ? [
            silentSites(
              layerMetric,
              layers.filter(({ shape }) => shape.length === 3),
            ),
          ]
        : []),
    ],
  };
}

/** Maps of every layer that is a picture; of the last, none of its channels. */
function silentSites(
  layerMetric: (
    id: string,
    label: string,
    definition: string,
    kind: typeof share,
    values: Record<string, number>,
  ) => LayerMetric,
  mapped: readonly LayerSummary[],
): PassSummary {
  const each = (some: readonly LayerSummary[], of: (at: number) => number): Record<string, number> =>
    Object.fromEntries(some.map(({ value }, at) => [value, of(at)]));
  return {
    pass: 'silent-sites',
    passVersion: 1,
    answer: 'Silence is uneven.',
    findings: [],
    layerMetrics: [
      layerMetric(
        'layer-dead-channels-share',
        'Dead channels',
        'Share of channels that are 0 everywhere.',
        share,
        each(mapped.slice(0, -1), () => 0),
      ),
      layerMetric(
        'layer-silence-spread',
        'Unevenness of silence',
        'Largest less smallest share of zeros.',
        share,
        each(mapped, (at) => (at === 1 ? 0.9 : 0.2)),
      ),
    ],
    unitMetrics: [],
    exampleMetrics: [],
    curves: [],
  };
}

function findingsOf(network: FakeNetwork, deadShare: Record<string, number>, inputs: number): readonly Finding[] {
  const numbers = numbersOf(network);
  return network.layers.flatMap((layer): readonly Finding[] => {
    const weight = deadShare[layer.value] ?? 0;
    const units = Array.from({ length: Math.min(layer.units, 2000) }, (_, unit) => unit).filter((unit) =>
      numbers.dead(layer, unit),
    );
    if (units.length === 0) {
      return layer.label.endsWith('stem.relu')
        ? [
            {
              severity: 'information',
              weight: 0.1,
              sentence: `${layer.label}: 3 of ${layer.units} ${layer.unitWord} are always on on ${inputs} inputs.`,
              layer: layer.value,
              units: [2, 7, 11],
              advice: 'There the function was linear on this data.',
            },
          ]
        : [];
    }
    return [
      {
        severity: weight > 0.3 ? 'error' : 'warning',
        weight,
        sentence: `${layer.label}: ${units.length} of ${layer.units} ${layer.unitWord} never fired on ${inputs} inputs (${Math.round(weight * 100)} %).`,
        layer: layer.value,
        units,
        advice:
          weight > 0.2
            ? 'They cost time and memory without effect on this data. Try more varied inputs before removing them.'
            : undefined,
      },
    ];
  });
}

function curvesOf(network: FakeNetwork): readonly Curve[] {
  const length = 64;
  const x = Float32Array.from({ length }, (_, index) => index + 1);
  return [
    {
      id: 'aggregated-sparsity',
      title: 'Aggregated sparsity',
      xLabel: 'Tokens g',
      yLabel: 'Units silent through token g',
      definition:
        'agg(g): share of (input, unit) pairs that are exactly 0 on all of tokens 1 to g. Dashed: what independent tokens would give.',
      format: 'share',
      series: network.layers
        .filter((layer) => layer.label.includes('mlp'))
        .flatMap((layer, index) => [
          {
            label: layer.label,
            layer: layer.value,
            x,
            y: x.map((g) => 0.9 * Math.exp(-0.05 * (index + 1) * g) + 0.08),
          },
          {
            label: `${layer.label}, independent tokens`,
            layer: layer.value,
            x,
            y: x.map((g) => 0.95 * Math.exp(-0.18 * (index + 1) * g)),
            dashed: true,
          },
        ]),
    },
  ];
}
