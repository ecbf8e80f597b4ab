/** Every head with its numbers, layers × heads score by score, and what could not be looked into. */
import { displayText } from '../../display-text.js';
import { itemOf } from '../node-numbers.js';
import type { ResultRow, ResultTable } from '../result.js';
import { count } from '../words.js';
import { DEFINITIONS, headsOf, labelOf, measuredShares, type Examined, type Share } from './examined.js';
import { kindsOf } from './kinds.js';
import type { HeadScores } from './totals.js';

/** Longer tables are cut: nobody reads on. */
const MAXIMUM_ROWS = 5000;
/** Heads that stand side by side. */
const MAXIMUM_COLUMNS = 64;

export function headTables(examined: Examined): ResultTable[] {
  return [
    ...measuredShares(examined).map((share) => layersByHeads(examined, share)),
    allHeads(examined),
    evenAttention(examined),
    ...(examined.unread.length === 0 ? [] : [unreadTable(examined)]),
  ];
}

function layersByHeads(examined: Examined, share: Share): ResultTable {
  const { blocks, graph } = examined;
  const most = Math.max(...blocks.map(({ heads }) => heads.length));
  const shown = Math.min(most, MAXIMUM_COLUMNS);
  const cut =
    most > shown ? ` The first ${shown} of up to ${count(most)} heads; the table of all heads has the rest.` : '';
  return {
    id: `heads-${share}`,
    title: `${labelOf(share, examined)}, layers × heads`,
    definition: `${DEFINITIONS[share]} One row per layer, one column per head, coloured from 0 to the largest of the table.${cut}`,
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      ...Array.from({ length: shown }, (_, head) => ({
        id: `head-${head}`,
        label: `Head ${head}`,
        format: 'share' as const,
        shaded: true as const,
      })),
    ],
    rows: blocks.slice(0, MAXIMUM_ROWS).map(({ pattern, heads }): ResultRow => ({
      cells: [
        displayText(pattern.label),
        ...Array.from({ length: shown }, (_, head) => numberOr(heads[head]?.[share] ?? NaN)),
      ],
      ...itemOf(graph, pattern.value),
    })),
  };
}

const NUMBERS = [
  { id: 'previous', format: 'share' },
  { id: 'induction', format: 'share' },
  { id: 'self', format: 'share' },
  { id: 'first', format: 'share' },
  { id: 'entropy', format: 'number', label: 'Entropy (nats)' },
  { id: 'evenness', format: 'share' },
  { id: 'distance', format: 'number', label: 'Distance (positions)' },
  { id: 'distanceVariance', format: 'number', label: 'Variance of distance' },
] as const;

function numberColumns(examined: Pick<Examined, 'hasTokens'>): ResultTable['columns'] {
  return NUMBERS.map((column) => ({
    id: column.id,
    format: column.format,
    label: 'label' in column ? column.label : labelOf(column.id, examined),
  }));
}

const numbersOf = (scores: HeadScores): readonly (string | number)[] => NUMBERS.map(({ id }) => numberOr(scores[id]));

const numberOr = (value: number): string | number => (Number.isFinite(value) ? value : '–');

function allHeads(examined: Examined): ResultTable {
  const heads = headsOf(examined);
  const cut = heads.length > MAXIMUM_ROWS ? ` The first ${count(MAXIMUM_ROWS)} of ${count(heads.length)}.` : '';
  return {
    id: 'heads',
    title: 'All heads',
    definition:
      `Scores as defined above, ${examined.onInputs}. Entropy: mean of −Σ p ln p over the queries t ≥ 1. Distance: mean of ` +
      '|t − k| under the attention of all queries together, and its variance. “Does” names what takes half of the ' +
      'attention or more and twice what even attention would give; collapsed is a normalised entropy below 25 %, diffuse ' +
      `one above 75 %.${cut}`,
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'head', label: 'Head', format: 'count' },
      { id: 'does', label: 'Does', format: 'text' },
      ...numberColumns(examined),
    ],
    rows: heads.slice(0, MAXIMUM_ROWS).map((head): ResultRow => ({
      cells: [displayText(head.block.pattern.label), head.head, kindsOf(head), ...numbersOf(head.scores)],
      ...itemOf(examined.graph, head.block.pattern.value),
    })),
  };
}

function evenAttention(examined: Examined): ResultTable {
  const { blocks, graph, hasTokens } = examined;
  return {
    id: 'heads-even',
    title: 'What even attention would score',
    definition:
      'A head that looks at all positions alike that it may look at: what scores are to be compared with. Queries are what ' +
      'scores rest on, repeated tokens what the induction score rests on. The last column is how much attention lies on ' +
      'positions that hold tokens (mean over heads and queries): 100 % where patterns add up to 1.',
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'heads', label: 'Heads', format: 'count' },
      { id: 'queries', label: 'Queries', format: 'count' },
      { id: 'repeated', label: 'Repeated tokens', format: 'count' },
      ...numberColumns(examined),
      { id: 'mass', label: 'Attention on tokens', format: 'share' },
    ],
    rows: blocks.slice(0, MAXIMUM_ROWS).map(({ pattern, heads, even }): ResultRow => ({
      cells: [
        displayText(pattern.label),
        heads.length,
        even.queries,
        hasTokens ? even.repeated : '–',
        ...numbersOf(even),
        numberOr(heads.reduce((sum, { mass }) => sum + mass, 0) / heads.length),
      ],
      ...itemOf(graph, pattern.value),
    })),
  };
}

function unreadTable({ unread, graph }: Examined): ResultTable {
  return {
    id: 'heads-unread',
    title: 'Attention that could not be looked into',
    definition: 'Each with the reason.',
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'reason', label: 'Reason', format: 'text' },
    ],
    rows: unread.slice(0, MAXIMUM_ROWS).map(({ label, value, reason }) => ({
      cells: [displayText(label), reason],
      ...itemOf(graph, value),
    })),
  };
}
