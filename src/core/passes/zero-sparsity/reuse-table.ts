/** Aggregated sparsity in numbers: agg(g) of every layer beside both baselines, and what it is more than them (methods C1). */
import type { RunFacts } from '../pass.js';
import type { ResultTable } from '../result.js';
import { count } from '../words.js';
import type { Aggregates } from './state.js';

/** Tokens that rows are about, as far as the longest text has so many; of shorter ones, all of them. */
const TOKENS = [4, 16, 64, 256] as const;

export function reuseTable(aggregates: Aggregates, facts: RunFacts): ResultTable[] {
  const rows = facts.layers.flatMap(({ value, label }) => {
    const aggregated = aggregates.get(value);
    if (aggregated === undefined) return [];
    const { observed, independent, uniform } = aggregated;
    const longest = observed.length;
    const shown = TOKENS.filter((tokens) => tokens <= longest);
    return (shown.length === 0 ? [longest] : shown).map((tokens) => {
      const at = (shares: Float32Array): number => shares[tokens - 1] as number;
      const own = at(observed);
      return {
        cells: [label, tokens, own, at(independent), own - at(independent), at(uniform), own - at(uniform)],
      };
    });
  });
  if (rows.length === 0) return [];
  return [
    {
      id: 'reuse-gain',
      title: 'Aggregated sparsity and reuse gain, by layer',
      definition:
        `agg(g): share of (input, unit) pairs that are exactly 0 on all of tokens 1 to g, ${facts.onInputs} (${count(facts.inputsSeen)} inputs). ` +
        'Gain: agg(g) less what independent tokens would give, in points of the share: from units with their own firing rates ' +
        '(mean of (1 − pᵢ)ᵍ), and from units that are all alike (sᵍ). Above 0, tokens that follow each other use the same units.',
      columns: [
        { id: 'layer', label: 'Layer', format: 'text' },
        { id: 'tokens', label: 'Tokens g', format: 'count' },
        { id: 'aggregated', label: 'agg(g)', format: 'share' },
        { id: 'independent', label: 'Own rates', format: 'share' },
        { id: 'gain', label: 'Gain over own rates', format: 'share' },
        { id: 'uniform', label: 'Alike units', format: 'share' },
        { id: 'gain-uniform', label: 'Gain over alike units', format: 'share' },
      ],
      rows,
    },
  ];
}
