/** What a feature is like: asked for by the person, since it takes one more run over the inputs. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FeatureOverview } from '../../src/protocol/features.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { Help } from '../controls/tooltip.js';
import { formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { NeighbourLists } from './neighbour-lists.js';

interface NeighboursPartProps {
  readonly overview: FeatureOverview;
  readonly feature: number;
}

export function NeighboursPart({ overview, feature }: NeighboursPartProps): JSX.Element {
  const [asked, setAsked] = useState(false);
  const found = useResource(
    asked ? (signal, onProgress) => host.featureNeighbours({ feature }, signal, onProgress) : undefined,
    [overview, feature, asked],
  );
  const { many } = overview.placeWords;
  const features = overview.columns.density.length;
  return (
    <section class="feature-neighbours">
      <div class="frame-head">
        <h3 class="frame-title">What it is like</h3>
        <Help about="What it is like">
          What the feature reads from and writes to, which single units rise and fall with it, and which of all other
          features point the same way or fire at the same {many}. All {many} are counted, padding is not.
        </Help>
      </div>
      {!asked && (
        <>
          <p class="note">
            Compares it with all {formatCount(features - 1)} other features and with every unit that it reads. This runs
            your inputs once more.
          </p>
          <div class="button-row">
            <Button icon="play" onClick={() => setAsked(true)}>
              Compare feature {feature}
            </Button>
          </div>
        </>
      )}
      {found.loading && (
        <LongWork
          label="Comparing it with all others"
          progress={found.progress}
          onStop={() => setAsked(false)}
          stopLabel="Cancel"
        />
      )}
      {found.error && <ProblemBox problem={found.error} action="Try again" onAction={found.retry} />}
      {found.value && <NeighbourLists overview={overview} found={found.value} />}
    </section>
  );
}
