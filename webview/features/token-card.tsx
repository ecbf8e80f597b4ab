/** What a feature is and does at one token: directly, past all later layers, and in total, by running the network without it. */
import type { JSX } from 'preact';
import { placeText } from '../../src/core/dictionary/attach/layout.js';
import { shownPosition } from '../../src/core/features/excerpts.js';
import type { Excerpt, FeatureDetail, Layout, TokenEffect } from '../../src/protocol/features.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber } from '../format/numbers.js';
import { visible } from '../format/words.js';
import { Ablation } from './ablation.js';
import { BarList, type Bar } from './bar-list.js';
import { directEffects } from './direct-effects.js';
import { AskSourceTokens } from './source-tokens.js';

const EFFECTS_SHOWN = 5;

interface TokenCardProps {
  readonly detail: FeatureDetail;
  readonly excerpt: Excerpt;
  readonly token: string;
  /** Of the tokens that are shown. */
  readonly at: number;
  readonly layout: Layout;
}

export function TokenCard({ detail, excerpt, token, at, layout }: TokenCardProps): JSX.Element {
  const { feature } = detail;
  const position = shownPosition(excerpt, at, layout);
  const value = excerpt.activations[at] ?? 0;
  return (
    <>
      <div class="token-card-head">
        <code>{visible(token)}</code>
        <span class="muted">
          {placeText(position, layout, 'token')}
          {excerpt.inputName !== '' && `, ${excerpt.inputName}`}
        </span>
        <span class="spacer-flex" />
        <strong>f = {formatNumber(value)}</strong>
      </div>
      {value === 0 ? (
        <p class="note">
          Feature {feature} does not fire here: it writes nothing, so it has neither a direct nor a total effect.
        </p>
      ) : (
        <>
          <Direct detail={detail} excerpt={excerpt} at={at} />
          <Ablation feature={feature} input={excerpt.input} position={position}>
            Run without it here
          </Ablation>
        </>
      )}
      <AskSourceTokens feature={feature} prompt={{ kind: 'input', input: excerpt.input }} position={position}>
        From which tokens
      </AskSourceTokens>
    </>
  );
}

function Direct({ detail: { logits, noLogits }, excerpt, at }: Omit<TokenCardProps, 'token' | 'layout'>): JSX.Element {
  if (logits === undefined) return <p class="note">Direct effect: there is none to show. {noLogits}</p>;
  const { raised, lowered, followed } = directEffects(logits, excerpt, at, EFFECTS_SHOWN);
  const longest = Math.max(...[...raised, ...lowered].map(({ effect }) => Math.abs(effect)), 0) || 1;
  return (
    <div class="token-card-direct">
      <h4>
        Direct effect on the logits of the next token{' '}
        <Help about="Direct effect">
          f × the logit effect W_dec[feature] @ W_U of each token
          {excerpt.followed?.gains !== undefined &&
            ', times what undoing the dictionary’s own normalisation multiplies with at this token'}
          . Direct: through the residual stream only, past all later layers; the final normalisation is left out, as it
          is of the logit effects.
        </Help>
      </h4>
      <div class="effect-columns">
        <BarList title="Raises" bars={bars(raised)} reach={longest} />
        <BarList title="Lowers" bars={bars(lowered)} reach={longest} />
      </div>
      <p>
        {followed === undefined ? (
          <span class="muted">Which token really followed is not known here.</span>
        ) : (
          <>
            On <code>{visible(followed.text)}</code>, which really followed:{' '}
            <strong>{formatNumber(followed.effect)}</strong>
          </>
        )}
      </p>
      <p class="note">Through the residual stream only; the final normalisation is left out.</p>
    </div>
  );
}

function bars(effects: readonly TokenEffect[]): Bar[] {
  return effects.map(({ token, text, effect }) => ({
    key: String(token),
    label: <code>{visible(text)}</code>,
    value: effect,
    hint: `token ${token}`,
  }));
}
