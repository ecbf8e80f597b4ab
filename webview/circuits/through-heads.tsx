/** Through which attention heads a target got what makes it up, and what came on the residual stream alone. */
import type { JSX } from 'preact';
import type { CircuitHeads } from '../../src/protocol/circuits.js';
import { Spinner } from '../controls/fields.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatNumber, formatShare } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import type { FoundCircuit } from '../state/circuits.js';
import { useResource } from '../state/resource.js';
import { visible } from '../format/words.js';
import { LeftAttention } from './left-attention.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

const ROWS_SHOWN = 12;

interface ThroughHeadsProps {
  readonly found: FoundCircuit;
  readonly node: number;
}

export function ThroughHeads({ found: { answer }, node }: ThroughHeadsProps): JSX.Element {
  const heads = useResource((signal) => host.circuitHeads({ circuit: answer.id, node }, signal), [answer.id, node]);
  return (
    <>
      {heads.loading && <Spinner label="Running the model" />}
      {heads.error && <ProblemBox problem={heads.error} action="Try again" onAction={heads.retry} />}
      {heads.value && <HeadTable tokens={answer.tokens} heads={heads.value} />}
    </>
  );
}

function HeadTable({ tokens, heads: found }: { tokens: readonly string[]; heads: CircuitHeads }): JSX.Element {
  const { heads, others, fromHeads, embedding, mlps, biases, value, residual, sharing, left } = found;
  const shown = heads.slice(0, ROWS_SHOWN);
  const hidden = heads.slice(ROWS_SHOWN);
  const rest = hidden.reduce((sum, { contribution }) => sum + contribution, others.contribution);
  const count = hidden.length + others.count;
  const sumOf = (part: 'features' | 'biases' | 'error'): number => mlps.reduce((sum, mlp) => sum + mlp[part], 0);
  return (
    <>
      <p class="muted">
        The last step before this target: each head adds attention × what it reads of a token, along this target’s
        direction.{' '}
        <Help about="Through which heads">
          pattern[target’s token, token read] · (V W_O) · v, with v the target’s direction in the residual stream and
          normalisations held. What a head reads may itself have come through earlier heads and features.
        </Help>
      </p>
      <table class="table circuit-edges circuit-heads" aria-label="Through which heads">
        <thead>
          <tr>
            <th>Head</th>
            <th>Token read</th>
            <th class="numeric">attention</th>
            <th class="numeric">adds</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ layer, head, source, contribution, attention }) => (
            <tr key={`${layer} ${head} ${source}`}>
              <td>{headName(layer, head)}</td>
              <td>
                “{visible(tokens[source] ?? '')}” <span class="muted">({tokenNumber(source)})</span>
              </td>
              <td class="numeric muted">{attention === undefined ? '–' : formatShare(attention)}</td>
              <td class="numeric">{formatNumber(contribution)}</td>
            </tr>
          ))}
          {count > 0 && (
            <tr>
              <td colSpan={3} class="muted">
                {formatCount(count)} smaller ones
              </td>
              <td class="numeric">{formatNumber(rest)}</td>
            </tr>
          )}
        </tbody>
        <tbody class="circuit-sums">
          <Part name="All heads" value={fromHeads} />
          <Part name="The token’s own embedding" value={embedding} />
          <Part name="Features at the token itself" value={sumOf('features')} />
          <Part name="Errors at the token itself" value={sumOf('error')} />
          <Part name="Biases" value={biases + sumOf('biases')} />
          <tr>
            <th scope="row" colSpan={3}>
              Sum{' '}
              <Help about="Sum">
                The completeness identity: it is the target’s own value, {formatNumber(value)}, but for{' '}
                {formatNumber(residual)} of the parts’ sizes.
              </Help>
            </th>
            <td class="numeric">
              {formatNumber(fromHeads + embedding + sumOf('features') + sumOf('error') + biases + sumOf('biases'))}
            </td>
          </tr>
        </tbody>
      </table>
      {sharing.map(({ layer, queries }) => (
        <p key={layer} class="muted">
          In layer {layer}, {queries} heads of queries share each value and are counted together.
        </p>
      ))}
      <LeftAttention left={left} what="What arrives through it is among the other parts." />
    </>
  );
}

function Part({ name, value }: { readonly name: string; readonly value: number }): JSX.Element {
  return (
    <tr>
      <td colSpan={3}>{name}</td>
      <td class="numeric">{formatNumber(value)}</td>
    </tr>
  );
}

/** “layer 3 head 5”. */
export function headName(layer: number, head: number): string {
  return `layer ${layer} head ${head}`;
}
