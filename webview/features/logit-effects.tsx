/** Which scores, of tokens or classes, a feature raises and lowers. */
import type { JSX } from 'preact';
import type { FeatureDetail, FeatureOverview, TokenEffect } from '../../src/protocol/features.js';
import { TableTools } from '../controls/table-tools.js';
import { Help } from '../controls/tooltip.js';
import { formatExact } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { BarHistogram } from './bar-histogram.js';
import { featuresFoot } from './foot.js';
import { visible } from '../format/words.js';
import { BarList, type Bar } from './bar-list.js';

interface LogitEffectsProps {
  readonly overview: FeatureOverview;
  readonly detail: FeatureDetail;
}

export function LogitEffects({ overview, detail }: LogitEffectsProps): JSX.Element {
  const { feature, logits, noLogits } = detail;
  const { layout } = overview;
  const [one, many] = layout.kind === 'sequence' ? ['token', 'tokens'] : ['class', 'classes'];
  const table = (): TextTable => ({
    header: [one, 'text', 'logit effect'],
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
          {layout.kind === 'sequence'
            ? 'W_dec[feature] @ W_U: what one unit of this feature adds to each token’s logit directly, without the final normalisation and without what later layers make of it.'
            : layout.kind === 'patches'
              ? 'W_dec[feature] through the weights that make the scores: what one unit of this feature adds to each score directly, at the token that they are read from, without the final normalisation and without what later layers make of it.'
              : `W_dec[feature] through the last, linear steps of the network: what one unit of this feature adds to each score.${layout.kind === 'grid' ? ` That is of the feature at all ${layout.height} × ${layout.width} places: the network takes their mean, so one place adds 1/${layout.height * layout.width} of it.` : ''}`}
        </Help>
        <span class="spacer-flex" />
        {logits && <TableTools title={`feature-${feature}-logits`} table={table} />}
      </div>
      {noLogits !== undefined && <p class="note">There are none to show. {noLogits}</p>}
      {logits && (
        <BarHistogram
          title={`Logit effects of all ${many}`}
          definition={`How many ${many} ${layout.kind === 'sequence' ? 'of the vocabulary ' : ''}have which logit effect; 50 bins of equal width.`}
          foot={featuresFoot(overview)}
          {...logits.histogram}
          along="logit effect"
          counted={many}
        />
      )}
      {logits && (
        <div class="effect-columns">
          <BarList title="Raises" bars={bars(logits.top, one)} />
          <BarList title="Lowers" bars={bars(logits.bottom, one)} />
        </div>
      )}
    </section>
  );
}

function bars(effects: readonly TokenEffect[], word: string): Bar[] {
  return effects.map(({ token, text, effect }) => ({
    key: String(token),
    label: <code>{visible(text)}</code>,
    value: effect,
    hint: `${word} ${token}`,
  }));
}
