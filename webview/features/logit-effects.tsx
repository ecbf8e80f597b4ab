/** Which tokens a feature raises and lowers. */
import type { JSX } from 'preact';
import type { FeatureDetail, FeatureOverview, TokenEffect } from '../../src/protocol/features.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatExact } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { BarHistogram } from './bar-histogram.js';
import { featuresFoot } from './foot.js';
import { visible } from '../unit/token-example.js';
import { BarList, type Bar } from './bar-list.js';

interface LogitEffectsProps {
  readonly overview: FeatureOverview;
  readonly detail: FeatureDetail;
}

export function LogitEffects({ overview, detail }: LogitEffectsProps): JSX.Element {
  const { feature, logits, noLogits } = detail;
  const table = (): TextTable => ({
    header: ['token', 'text', 'logit effect'],
    rows: [...(logits?.top ?? []), ...[...(logits?.bottom ?? [])].reverse()].map(({ token, text, effect }) => [
      String(token),
      text,
      formatExact(effect),
    ]),
  });
  return (
    <section class="logit-effects">
      <div class="frame-head">
        <h3 class="frame-title">What it does to the scores, directly</h3>
        <Help about="Direct effect">
          W_dec[feature] @ W_U: what one unit of this feature adds to each token’s logit directly, without the final
          normalisation and without what later layers make of it.
        </Help>
        <span class="spacer-flex" />
        {logits && <TableTools title={`feature-${feature}-logits`} table={table} />}
      </div>
      {noLogits !== undefined && <p class="note">There are none to show. {noLogits}</p>}
      {logits && (
        <BarHistogram
          title="Logit effects of all tokens"
          definition="How many tokens of the vocabulary have which logit effect; 50 bins of equal width."
          foot={featuresFoot(overview)}
          {...logits.histogram}
          along="logit effect"
          counted="tokens"
        />
      )}
      {logits && (
        <div class="effect-columns">
          <BarList title="Raises" bars={bars(logits.top)} />
          <BarList title="Lowers" bars={bars(logits.bottom)} />
        </div>
      )}
    </section>
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
