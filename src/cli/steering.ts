/** What was found of features on one text, as lines for a terminal. */
import type { FewPlaces } from '../core/dictionary/few-places.js';
import { onOneLine } from '../core/display-text.js';
import type { ContinuationText, PromptAnswer, PromptRun, SteeringAnswer } from '../protocol/steering.js';
import { counted, number, percent } from './numbers.js';
import { tokenNumber } from '../core/told-numbers.js';

/** @param few beside the density, which rests on the pass over the inputs. */
export function promptLines(answer: PromptAnswer, few: FewPlaces | undefined): string[] {
  const { tokens, features, firing, predicted, noEffects } = answer;
  const lines = [
    ...runLines(answer),
    `${firing === 1 ? '1 feature fires' : `${firing.toLocaleString('en-US')} features fire`}.${noEffects === undefined ? '' : ` No direct effects: ${noEffects}`}`,
    ...(few === undefined ? [] : [`Mind, the density rests on ${few.short}.`]),
    'feature  activation    density  direct effect  on token',
  ];
  for (const { feature, activation, density, effect, token } of features) {
    const cells = [
      String(feature).padStart(7),
      number(activation).padStart(12),
      percent(density).padStart(11),
      (effect === undefined ? '' : number(effect)).padStart(15),
      `  ${shown(tokens[token] ?? '')} (${tokenNumber(token)})`,
    ];
    lines.push(cells.join(''));
  }
  const last = predicted?.at(-1);
  if (last !== undefined) lines.push(`Most probable: ${shown(last.text)}, ${percent(last.probability)}`);
  return lines;
}

export function steeringLines(answer: SteeringAnswer): string[] {
  const { tokens, features, predicts, at, choices, divergence, continuation, noContinuation } = answer;
  const lines = [...runLines(answer)];
  for (const { feature, before, after } of features) {
    const [was, is] = [before, after].map((values) =>
      number(values.reduce((most, value) => Math.max(most, value), -Infinity)),
    );
    lines.push(`Feature ${feature}: at most ${was} before, ${is} after.`);
  }
  const place = predicts === 'class' ? 'Classes' : `Next tokens after ${shown(tokens[at] ?? '')} (${tokenNumber(at)})`;
  lines.push(`${place}: KL(before ‖ after) ${number(divergence[at])} nats`);
  lines.push('  probability before     after  logit before     after');
  for (const { text, probability, score } of choices) {
    const cells = [
      percent(probability.before).padStart(20),
      percent(probability.after).padStart(10),
      number(score.before).padStart(14),
      number(score.after).padStart(10),
      `  ${shown(text)}`,
    ];
    lines.push(cells.join(''));
  }
  if (continuation !== undefined) {
    lines.push(`Original: ${written(continuation.original)}`, `Steered:  ${written(continuation.steered)}`);
  }
  if (noContinuation !== undefined) lines.push(noContinuation);
  return lines;
}

function runLines({ name, tokens, synthetic, notes }: PromptRun): string[] {
  return [
    `${name}: ${counted(tokens.length, 'token', 'tokens')}${synthetic ? ' (some of the inputs are random)' : ''}`,
    ...notes.map((note) => `Mind: ${note}`),
  ];
}

function written({ tokens, stopped }: ContinuationText): string {
  return `${onOneLine(tokens.join(''))}${stopped === undefined ? '' : ` (${stopped})`}`;
}

function shown(token: string): string {
  return `“${onOneLine(token)}”`;
}
