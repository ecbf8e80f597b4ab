/** How strongly a feature fires where it does. */
import type { JSX } from 'preact';
import type { FeatureDetail, FeatureOverview } from '../../src/protocol/features.js';
import { formatShare } from '../format/numbers.js';
import { BarHistogram } from './bar-histogram.js';
import { FewMark } from './few-places.js';
import { featuresFoot } from './foot.js';

interface ActivationHistogramProps {
  readonly overview: FeatureOverview;
  readonly detail: FeatureDetail;
}

export function ActivationHistogram({ overview, detail }: ActivationHistogramProps): JSX.Element {
  const { feature, histogram } = detail;
  const { many } = overview.placeWords;
  const density = overview.columns.density[feature] ?? 0;
  return (
    <BarHistogram
      title={`Activations of feature ${feature}, density ${formatShare(density)}`}
      definition={`How many ${many} have which activation, where it is above 0; bins of equal width from 0. The density is the share of all ${many} at which it is above 0.`}
      foot={featuresFoot(overview)}
      mind={<FewMark overview={overview} />}
      edges={histogram.edges}
      counts={histogram.counts}
      along="activation"
      counted={many}
    />
  );
}
