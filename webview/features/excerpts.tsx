/** Pieces of inputs around the places where a feature fires. */
import type { JSX } from 'preact';
import type { Excerpt, FeatureDetail, Layout } from '../../src/protocol/features.js';
import { placeText } from '../../src/core/dictionary/attach/layout.js';
import { formatNumber } from '../format/numbers.js';
import { Ablation } from './ablation.js';
import { PlaceExample } from './place-example.js';
import { TokenExcerpt } from './token-excerpt.js';

interface ExcerptsProps {
  readonly detail: FeatureDetail;
  readonly excerpts: readonly Excerpt[];
  readonly layout: Layout;
  /** The activation with the strongest colour. */
  readonly reach: number;
}

export function Excerpts({ detail, excerpts, layout, reach }: ExcerptsProps): JSX.Element {
  return (
    <ol class={excerpts.some(({ tokens }) => tokens === undefined) ? 'excerpts place-examples' : 'excerpts'}>
      {excerpts.map((excerpt) => (
        <li key={`${excerpt.input} ${excerpt.position}`} class="excerpt">
          <div class="excerpt-head">
            <strong>{formatNumber(strength(excerpt))}</strong>
            <span class="muted">
              {[excerpt.inputName, placeText(excerpt.position, layout, excerpt.tokens && 'token')]
                .filter(Boolean)
                .join(', ')}
            </span>
          </div>
          {excerpt.tokens === undefined ? (
            <PlaceExample excerpt={excerpt} layout={layout} reach={reach} />
          ) : (
            <TokenExcerpt detail={detail} excerpt={excerpt} tokens={excerpt.tokens} layout={layout} reach={reach} />
          )}
          <Ablation feature={detail.feature} {...excerpt}>
            Run without it
          </Ablation>
        </li>
      ))}
    </ol>
  );
}

/** What the feature is at the place that the excerpt is about. */
export function strength({ activations, at }: Excerpt): number {
  return activations[at] ?? 0;
}
