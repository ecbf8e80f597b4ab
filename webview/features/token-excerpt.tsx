/** The tokens of an example: coloured by the feature, each with a card that tells what the feature does there. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { placeText } from '../../src/core/dictionary/attach/layout.js';
import { shownPosition } from '../../src/core/features/excerpts.js';
import type { Excerpt, FeatureDetail, Layout } from '../../src/protocol/features.js';
import { useHoverCard } from '../controls/hover-card.js';
import { formatNumber } from '../format/numbers.js';
import { visible } from '../format/words.js';
import { tokenStyles } from '../unit/token-example.js';
import { TokenCard } from './token-card.js';

interface TokenExcerptProps {
  readonly detail: FeatureDetail;
  readonly excerpt: Excerpt;
  readonly tokens: readonly string[];
  readonly layout: Layout;
  /** The activation with the strongest colour. */
  readonly reach: number;
}

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

export function TokenExcerpt({ detail, excerpt, tokens, layout, reach }: TokenExcerptProps): JSX.Element {
  const { activations, at } = excerpt;
  const placeOf = (index: number): string => placeText(shownPosition(excerpt, index, layout), layout, 'token');
  const { open, root, card, rootHandlers, cardHandlers, handlersOf } = useHoverCard();
  // One stop of the Tab key for each text; arrows go on from there.
  const [current, setCurrent] = useState(at);
  const styleOf = tokenStyles(activations, reach);
  const onArrow = (event: JSX.TargetedKeyboardEvent<HTMLElement>): void => {
    const step = STEPS[event.key];
    if (event.key === 'Enter' || event.key === ' ') event.currentTarget.click();
    else if (step === undefined) return;
    else {
      const next = event.currentTarget.parentElement?.children[current + step];
      if (next instanceof HTMLElement) next.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="token-cards" ref={root} {...rootHandlers}>
      <p class="tokens">
        {tokens.map((token, index) => {
          const value = activations[index] ?? 0;
          const { onFocus, ...handlers } = handlersOf(index);
          return (
            <span
              key={index}
              class={index === at ? 'token token-strongest' : 'token'}
              style={styleOf(value)}
              role="button"
              tabIndex={index === current ? 0 : -1}
              aria-label={`“${visible(token)}”, ${placeOf(index)}, activation ${formatNumber(value)}`}
              aria-haspopup="dialog"
              aria-expanded={open === index}
              data-card={index}
              {...handlers}
              onFocus={(event) => {
                setCurrent(index);
                onFocus?.(event);
              }}
              onKeyDown={onArrow}
            >
              {token.replaceAll('\n', '↵')}
            </span>
          );
        })}
      </p>
      {open !== undefined && (
        <div
          class="token-card"
          role="dialog"
          aria-label={`What the feature does at “${visible(tokens[open] ?? '')}”`}
          ref={card}
          {...cardHandlers}
        >
          <TokenCard
            key={open}
            detail={detail}
            excerpt={excerpt}
            token={tokens[open] ?? ''}
            at={open}
            layout={layout}
          />
        </div>
      )}
    </div>
  );
}
