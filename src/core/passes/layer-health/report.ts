import type { ObservedLayer } from '../../graph/layers.js';
import type { RunFacts } from '../pass.js';
import type { Finding, Headline, PassResult, ResultTable } from '../result.js';
import type { OutgoingWeights } from '../unit-weights.js';
import { amount, count, ofUnits, oneInputCaution, percent } from '../words.js';
import { largestRank, layerMetrics, leastTenth } from './metrics.js';
import { CORRELATED } from './spectra.js';
import { meanMagnitudes, type LayerHealth } from './state.js';

/** mean |hᵢ| · Σₖ |W_out[k, i]|, by layer, where the weights behind it are known: methods D2. */
function utilities(state: LayerHealth, { layers, unitWeights }: RunFacts): Map<string, Float64Array> {
  const found = new Map<string, Float64Array>();
  for (const { value } of layers) {
    const outgoing = unitWeights?.outgoing.get(value);
    const magnitudes = outgoing && state.magnitudes.get(outgoing.of);
    if (outgoing === undefined || magnitudes === undefined) continue;
    found.set(
      value,
      meanMagnitudes(magnitudes).map((mean, unit) => mean * (outgoing.sums[unit] as number)),
    );
  }
  return found;
}

export function healthResult(state: LayerHealth, facts: RunFacts, version: number): PassResult {
  const sums = utilities(state, facts);
  const outgoing = (layer: string): OutgoingWeights => facts.unitWeights?.outgoing.get(layer) as OutgoingWeights;
  return {
    pass: 'layer-health',
    passVersion: version,
    answer: answer(state, facts),
    headlines: headlines(state, facts),
    findings: findings(state, facts),
    layerMetrics: layerMetrics(state, facts, sums),
    unitMetrics:
      sums.size === 0
        ? []
        : [
            {
              id: 'unit-utility',
              label: 'Contribution utility (sum)',
              definition:
                'Mean |h| of the unit times Σ |w| over the weights that read it (as in the paper). Where a gate multiplies the unit, h is the product. Layers that anything else than weights reads are left out.',
              format: 'number',
              scale: 'sequential',
              values: Object.fromEntries([...sums].map(([layer, values]) => [layer, Float32Array.from(values)])),
            },
            {
              id: 'unit-utility-mean',
              label: 'Contribution utility (mean)',
              definition: 'The same with the mean of |w| instead of the sum (as in the authors’ code).',
              format: 'number',
              scale: 'sequential',
              values: Object.fromEntries(
                [...sums].map(([layer, values]) => [
                  layer,
                  Float32Array.from(values, (value) => value / outgoing(layer).count),
                ]),
              ),
            },
          ],
    exampleMetrics: [],
    curves: [],
    tables: [table(state, facts, sums)],
  };
}

function lastWithSpectrum(state: LayerHealth, { layers }: RunFacts): ObservedLayer | undefined {
  return layers.findLast(({ value }) => state.spectra.get(value)?.spectrum !== undefined);
}

function headlines(state: LayerHealth, facts: RunFacts): Headline[] {
  const last = lastWithSpectrum(state, facts);
  const spectrum = last && state.spectra.get(last.value)?.spectrum;
  if (last === undefined || spectrum === undefined) return [];
  return [
    {
      id: 'last-effective-rank',
      label: 'Effective rank',
      definition: `Directions that the last hidden layer, ${last.label}, uses: e to the entropy of its normalised singular values.`,
      format: 'number',
      value: spectrum.effectiveRank,
    },
  ];
}

function answer(state: LayerHealth, facts: RunFacts): string {
  const last = lastWithSpectrum(state, facts);
  const found = last && state.spectra.get(last.value);
  if (last === undefined || found?.spectrum === undefined) {
    return `No layer has singular values: ${facts.signal?.aborted ? 'the run was stopped before they were computed' : 'see the table for why'}.`;
  }
  const { effectiveRank, rank99 } = found.spectrum;
  const rows = `${count(found.rows)} ${found.rows === 1 ? 'row' : 'rows'}`;
  if (effectiveRank === 0) {
    return (
      `The last hidden layer, ${last.label}, is 0 everywhere, so it uses no direction at all (${rows} ${facts.onInputs}).` +
      `${oneInputCaution(facts.inputsSeen)} Look for weights that are all 0 before it, or for inputs that are.`
    );
  }
  return (
    `The last hidden layer, ${last.label}, uses about ${amount(effectiveRank)} of ${count(largestRank(last, found.rows))} possible ` +
    `directions (effective rank); the ${rank99 === 1 ? 'strongest' : `${count(rank99)} strongest`} alone carry 99 % of the sum of the singular values (rank99; ` +
    `${rows} ${facts.onInputs}).${oneInputCaution(facts.inputsSeen)}`
  );
}

function findings(state: LayerHealth, facts: RunFacts): Finding[] {
  return facts.layers.flatMap((layer): Finding[] => {
    const { multiples = [], rows = 0 } = state.spectra.get(layer.value) ?? {};
    if (multiples.length === 0 || facts.inputsSeen < 2) return [];
    return [
      {
        severity: 'information',
        kind: 'multiple',
        weight: multiples.length / layer.units,
        sentence:
          `${layer.label}: ${ofUnits(multiples.length, layer.units, layer.unitWord)} are multiples of another one before them ` +
          `(|correlation| ≥ ${CORRELATED} over ${count(rows)} rows ${facts.onInputs}; ${percent(multiples.length / layer.units)}).`,
        layer: layer.value,
        units: multiples,
        advice: 'One of each may be enough on this data: the others add nothing that a factor and a bias do not.',
      },
    ];
  });
}

function table(state: LayerHealth, facts: RunFacts, sums: ReadonlyMap<string, Float64Array>): ResultTable {
  return {
    id: 'layer-health',
    title: 'Ranks and utility, by layer',
    definition:
      `Rows: positions of inputs that were sampled, ${facts.onInputs}. Least useful tenth: share of the layer’s whole utility ` +
      'that its least useful tenth of units has; an even layer would give 10 %. – where it does not apply.',
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'units', label: 'Units', format: 'count' },
      { id: 'rows', label: 'Rows', format: 'count' },
      { id: 'rank', label: 'Effective rank', format: 'number' },
      { id: 'rank99', label: 'rank99', format: 'count' },
      { id: 'multiples', label: 'Multiples', format: 'count' },
      { id: 'tenth', label: 'Least useful tenth', format: 'share' },
      { id: 'why', label: 'Left out because', format: 'text' },
    ],
    rows: facts.layers.map(({ value, label, units }) => {
      const found = state.spectra.get(value);
      const utility = sums.get(value);
      return {
        cells: [
          label,
          units,
          found?.rows ?? '–',
          found?.spectrum?.effectiveRank ?? '–',
          found?.spectrum?.rank99 ?? '–',
          found?.multiples.length ?? '–',
          (utility && leastTenth(utility)) ?? '–',
          found?.reason ?? state.leftOut.get(value) ?? (found === undefined ? 'the run was stopped' : ''),
        ],
      };
    }),
  };
}
