/** What is told of one target of a circuit: through which heads it got what makes it up, and what weights alone say. */
import { onOneLine } from '../core/display-text.js';
import type { Problem } from '../core/errors.js';
import type { CircuitHeads, CircuitWeights, FedByWeights } from '../protocol/circuits.js';
import { number } from './numbers.js';
import { tokenNumber } from '../core/told-numbers.js';

const HEADS_TOLD = 8;
const HEADS_BY_WEIGHTS_TOLD = 3;
const WEIGHTS_TOLD = 5;

export function headLines(name: string, tokens: readonly string[], found: CircuitHeads | Problem): readonly string[] {
  if ('message' in found) return [`Through which heads: ${found.message}`];
  const { heads, others, fromHeads, embedding, mlps, biases, value, residual, sharing, left } = found;
  const sumOf = (part: 'features' | 'biases' | 'error'): number => mlps.reduce((sum, mlp) => sum + mlp[part], 0);
  const hidden = heads.slice(HEADS_TOLD);
  const rest = hidden.reduce((sum, { contribution }) => sum + contribution, others.contribution);
  const count = hidden.length + others.count;
  return [
    `Through which heads ${name} got what makes it up (attention × what the head reads × its direction):`,
    ...heads.slice(0, HEADS_TOLD).map(({ layer, head, source, contribution, attention }) => {
      const paid = attention === undefined ? '' : `, attention ${number(attention)}`;
      return line(
        contribution,
        `layer ${layer} head ${head} from “${onOneLine(tokens[source] ?? '')}” (${tokenNumber(source)})${paid}`,
      );
    }),
    ...(count === 0 ? [] : [line(rest, `${count.toLocaleString('en-US')} smaller ones`)]),
    line(fromHeads, 'all heads'),
    line(embedding, 'the token’s own embedding'),
    line(sumOf('features'), 'features at the token itself'),
    line(sumOf('error'), 'errors at the token itself'),
    line(biases + sumOf('biases'), 'biases'),
    `  Together they miss its value, ${number(value)}, by ${residual.toExponential(1)} of their sizes.`,
    ...sharing.map(
      ({ layer, queries }) => `  Layer ${layer}: ${queries} heads of queries share each value and count as one.`,
    ),
    ...leftLines(left),
  ];
}

export function weightLines(name: string, found: CircuitWeights | Problem): readonly string[] {
  if ('message' in found) return [`By weights alone: ${found.message}`];
  return [
    `What would feed ${name} by weights alone, the same on every input (without attention, other MLPs and normalisations`,
    'between; whether features are ever active together is not asked):',
    ...fedLines(found, '  '),
    ...found.heads
      .slice(0, HEADS_BY_WEIGHTS_TOLD)
      .flatMap(({ layer, head, norm, ...fed }) => [
        `  Through layer ${layer} head ${head}, |W_V W_O v| = ${number(norm)}:`,
        ...fedLines(fed, '    '),
      ]),
    ...leftLines(found.left),
  ];
}

function fedLines({ tokens, features }: FedByWeights, indent: string): readonly string[] {
  const list = (what: string, entries: readonly string[]): string[] =>
    entries.length === 0 ? [] : [`${indent}${what}: ${entries.slice(0, WEIGHTS_TOLD).join(', ')}`];
  const token = ({ text, weight }: FedByWeights['tokens'][0][number]): string => `${onOneLine(text)} ${number(weight)}`;
  const feature = (each: FedByWeights['features'][0][number]): string =>
    `layer ${each.layer} feature ${each.feature} ${number(each.weight)}`;
  return [
    ...list('tokens for it', tokens[0].map(token)),
    ...list('tokens against it', tokens[1].map(token)),
    ...list('features for it', features[0].map(feature)),
    ...list('features against it', features[1].map(feature)),
  ];
}

function leftLines(left: CircuitHeads['left']): readonly string[] {
  return left.map(({ layer, reason }) => `  Layer ${layer}: its heads are not told apart. ${reason}`);
}

function line(value: number, what: string): string {
  return `  ${number(value).padStart(9)}  ${what}`;
}
