/** Which tokens a feature raises and lowers. */
import type { JSX } from 'preact';
import type { FeatureDetail, TokenEffect } from '../../src/protocol/features.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatExact, formatNumber } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { visible } from '../unit/token-example.js';

export function LogitEffects({ detail }: { detail: FeatureDetail }): JSX.Element {
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
        <h3 class="frame-title">What it does to the scores</h3>
        <Help about="What it does to the scores">
          W_dec[feature] @ W_U: what one unit of this feature adds to each token’s logit directly, without the final
          normalisation and without what later layers make of it.
        </Help>
        <span class="spacer-flex" />
        {logits && <TableTools title={`feature-${feature}-logits`} table={table} />}
      </div>
      {noLogits !== undefined && <p class="note">There are none to show. {noLogits}</p>}
      {logits && (
        <div class="effect-columns">
          <Effects title="Raises" effects={logits.top} />
          <Effects title="Lowers" effects={logits.bottom} />
        </div>
      )}
    </section>
  );
}

function Effects({ title, effects }: { title: string; effects: readonly TokenEffect[] }): JSX.Element {
  const reach = Math.max(...effects.map(({ effect }) => Math.abs(effect)), 0) || 1;
  return (
    <div>
      <h4>{title}</h4>
      <ol class="effects">
        {effects.map(({ token, text, effect }) => (
          <li key={token} title={`token ${token}`}>
            <code class="effect-token">{visible(text)}</code>
            <span class="effect-track">
              <span
                class={effect < 0 ? 'effect-bar effect-negative' : 'effect-bar'}
                style={{ width: `${(100 * Math.abs(effect)) / reach}%` }}
              />
            </span>
            <span class="effect-value">{formatNumber(effect)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
