/** The tokens of a text as buttons, coloured by one feature. */
import type { JSX } from 'preact';
import { colorAt, colormap, cssColor, textOn } from '../../src/core/picture/colormap.js';
import type { PromptAnswer } from '../../src/protocol/steering.js';
import { formatNumber, formatShare } from '../format/numbers.js';
import { theme } from '../theme/theme.js';
import { visible } from '../format/words.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

/** Weaker activations leave the text as it is. */
const COLOURED_FROM = 0.08;

interface PromptTokensProps {
  readonly answer: PromptAnswer;
  /** Whose activations colour the tokens, where it is among those that are shown. */
  readonly feature: number | undefined;
  readonly token: number | undefined;
  readonly onToken: (token: number | undefined) => void;
}

export function PromptTokens({ answer, feature, token, onToken }: PromptTokensProps): JSX.Element {
  const { tokens, features, predicted } = answer;
  const shown = features.find((each) => each.feature === feature);
  const reach = shown?.activations.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0;
  const told = (at: number): string => {
    const next = predicted?.length === tokens.length ? predicted[at] : undefined;
    return [
      `${tokenNumber(at)}: “${visible(tokens[at] ?? '')}”`,
      ...(shown === undefined ? [] : [`feature ${shown.feature}: ${formatNumber(shown.activations[at] ?? 0)}`]),
      ...(next === undefined ? [] : [`most probable next: “${visible(next.text)}”, ${formatShare(next.probability)}`]),
    ].join('\n');
  };
  return (
    <>
      <div class="prompt-tokens" role="group" aria-label="Tokens; choose one to see the features that fire at it">
        {tokens.map((text, at) => (
          <button
            key={at}
            type="button"
            class="prompt-token"
            aria-pressed={at === token}
            title={told(at)}
            style={colourOf(shown?.activations[at] ?? 0, reach)}
            onClick={() => onToken(at === token ? undefined : at)}
          >
            {visible(text)}
          </button>
        ))}
      </div>
      {feature !== undefined && (
        <p class="note">
          {shown === undefined
            ? `Feature ${feature} is not among those below: nothing is coloured.`
            : `Coloured by feature ${feature}: from 0 to ${formatNumber(reach)}.`}
        </p>
      )}
    </>
  );
}

function colourOf(value: number, reach: number): JSX.CSSProperties | undefined {
  const strength = reach === 0 ? 0 : Math.abs(value) / reach;
  if (strength < COLOURED_FROM) return undefined;
  const map = colormap('sequential', theme.value.dark);
  const color = colorAt(map, strength);
  return { backgroundColor: cssColor(color), color: textOn(color) };
}
