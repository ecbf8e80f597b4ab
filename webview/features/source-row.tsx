/** The tokens around the one that is explained, coloured by what came from each. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SourceTokensAnswer } from '../../src/protocol/source-tokens.js';
import { distanceText, headText } from '../../src/core/features/told-source-tokens.js';
import { Legend } from '../charts/legend.js';
import { TextButton } from '../controls/button.js';
import { formatCount, formatNumber, formatShare } from '../format/numbers.js';
import { visible } from '../format/words.js';
import { tokenStyles } from '../unit/token-example.js';

/** Tokens shown at first before the one that is explained, and behind it where any of them counts. */
const BEFORE = 24;
const AFTER = 8;
const HEADS_TOLD = 3;

interface SourceRowProps {
  readonly answer: SourceTokensAnswer;
  /** By token, over all heads. */
  readonly sums: Float64Array;
}

export function SourceRow({ answer, sums }: SourceRowProps): JSX.Element {
  const [all, setAll] = useState(false);
  const { tokens, position } = answer;
  const reach = sums.reduce((most, each) => Math.max(most, Math.abs(each)), 0) || 1;
  const looksAhead = sums.subarray(position + 1).some((each) => each !== 0);
  const first = all ? 0 : Math.max(0, position - BEFORE);
  const end = all ? tokens.length : Math.min(tokens.length, position + 1 + (looksAhead ? AFTER : 0));
  const styleOf = tokenStyles(undefined, reach, true);
  const sumOf = (from: number, to: number): number => sums.subarray(from, to).reduce((sum, each) => sum + each, 0);
  return (
    <>
      <Legend
        quantity={{
          id: 'source-token',
          label: 'From each token',
          definition:
            'Direct feature attribution: over all heads, pattern[this token, token read] × value of the token read (× W_O) · W_enc of the feature, with the attention pattern held, and the dictionary’s own normalisation, too. Below 0 it makes the feature weaker. In units of the feature’s pre-activation.',
          format: 'number',
          scale: 'diverging',
        }}
        domain={[-reach, reach]}
      />
      <p class="tokens source-row">
        {first > 0 && (
          <span class="muted">
            … {formatCount(first)} earlier: {formatNumber(sumOf(0, first))} …{' '}
          </span>
        )}
        {tokens.slice(first, end).map((token, place) => {
          const at = first + place;
          const value = sums[at] as number;
          return (
            <span
              key={at}
              class={at === position ? 'token token-strongest' : 'token'}
              style={styleOf(value)}
              title={told(answer, value, at)}
            >
              {token.replaceAll('\n', '↵')}
            </span>
          );
        })}
        {looksAhead && end < tokens.length && (
          <span class="muted">
            {' '}
            … {formatCount(tokens.length - end)} later: {formatNumber(sumOf(end, tokens.length))} …
          </span>
        )}
      </p>
      {!all && (first > 0 || (looksAhead && end < tokens.length)) && (
        <TextButton onClick={() => setAll(true)}>All {formatCount(tokens.length)} tokens</TextButton>
      )}
    </>
  );
}

/** “ dog”, 3 tokens earlier: 1.2; then the heads that handed most of it over. */
function told(
  { tokens, position, heads, sharing, byHead, attention }: SourceTokensAnswer,
  value: number,
  at: number,
): string {
  const order = Array.from({ length: heads }, (_, head) => ({
    head,
    from: byHead[head * tokens.length + at] as number,
  }))
    .filter(({ from }) => from !== 0)
    .sort((a, b) => Math.abs(b.from) - Math.abs(a.from));
  const lines = order.slice(0, HEADS_TOLD).map(({ head, from }) => {
    const attends = attention?.[head * tokens.length + at];
    return `${headText(head, sharing)}: ${formatNumber(from)}${attends === undefined ? '' : ` (attends ${formatShare(attends)})`}`;
  });
  return [`“${visible(tokens[at] ?? '')}”, ${distanceText(at, position)}: ${formatNumber(value)}`, ...lines].join('\n');
}
