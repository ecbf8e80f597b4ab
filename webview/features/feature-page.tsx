/** One feature: how often and how strongly it fires, on what, and which scores it raises and lowers. */
import type { JSX } from 'preact';
import type { FeatureDetail, FeatureOverview } from '../../src/protocol/features.js';
import { IconButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { formatCount, formatNumber, formatShare } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { useResource } from '../state/resource.js';
import { ActivationHistogram } from './activation-histogram.js';
import { FeatureExamples } from './feature-examples.js';
import { FewMark } from './few-places.js';
import { LabelEditor } from './label-editor.js';
import { LogitEffects } from './logit-effects.js';
import { NeighboursPart } from './neighbours-part.js';
import { SourceTokensPart } from './source-tokens-part.js';

interface FeaturePageProps {
  readonly overview: FeatureOverview;
  readonly feature: number;
}

export function FeaturePage({ overview, feature }: FeaturePageProps): JSX.Element {
  const features = overview.columns.density.length;
  const detail = useResource((signal) => host.feature({ feature }, signal), [overview, feature]);
  const go = (to: number): void => {
    ui.feature.value = (to + features) % features;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowLeft') go(feature - 1);
    else if (event.key === 'ArrowRight') go(feature + 1);
    else return;
    event.preventDefault();
  };
  return (
    <article class="feature-page" aria-label={`Feature ${feature}`} onKeyDown={onKeyDown}>
      <header class="panel-title">
        <div>
          <h2>Feature {feature}</h2>
          <div class="muted">{summary(overview, feature)}</div>
          <FewMark overview={overview} />
        </div>
        <span class="spacer-flex" />
        <IconButton icon="left" label="Previous feature (←)" onClick={() => go(feature - 1)} />
        <IconButton icon="right" label="Next feature (→)" onClick={() => go(feature + 1)} />
        <IconButton icon="close" label="Close the feature" onClick={() => (ui.feature.value = undefined)} />
      </header>
      <LabelEditor key={feature} feature={feature} />
      {detail.error && <ProblemBox problem={detail.error} action="Try again" onAction={detail.retry} />}
      {detail.loading && <Spinner label="Reading the feature" />}
      {detail.value && <FeatureBody overview={overview} detail={detail.value} />}
    </article>
  );
}

function summary({ columns, totals, placeWords: { many } }: FeatureOverview, feature: number): string {
  const density = columns.density[feature] ?? 0;
  if (density === 0) return `It fires at none of ${formatCount(totals.tokens)} ${many}.`;
  const fired = Math.round(density * totals.tokens);
  return `It fires at ${formatCount(fired)} of ${formatCount(totals.tokens)} ${many} (${formatShare(density)}), on average with ${formatNumber(columns.mean[feature] ?? NaN)} and at most with ${formatNumber(columns.maximum[feature] ?? NaN)}.`;
}

function FeatureBody({ overview, detail }: { overview: FeatureOverview; detail: FeatureDetail }): JSX.Element {
  const { feature, top } = detail;
  return (
    <>
      {top.length === 0 ? (
        <p class="note">
          Nothing excites it here: on these inputs it is dead. Other or more inputs may. What it would write is known
          all the same.
        </p>
      ) : (
        <ActivationHistogram overview={overview} detail={detail} />
      )}
      <LogitEffects key={feature} overview={overview} detail={detail} />
      {top.length > 0 && <FeatureExamples key={feature} overview={overview} detail={detail} />}
      {overview.placeWords.one === 'token' && top.length > 0 && (
        <SourceTokensPart overview={overview} detail={detail} />
      )}
      <NeighboursPart key={feature} overview={overview} feature={feature} />
    </>
  );
}
