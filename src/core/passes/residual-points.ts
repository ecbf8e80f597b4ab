/** The residual stream of tokens: where questions about its largest entries look. */
import type { ObservedLayer } from '../graph/layers.js';
import { residualBlocks } from '../graph/residual-blocks.js';
import type { Applicability, ModelFacts, WatchedValue } from './pass.js';

export function needsTokenStream({ graph }: ModelFacts): Applicability {
  const blocks = residualBlocks(graph);
  if (blocks.length === 0) {
    return { applies: false, reason: 'No residual stream was found: no branch is added to the value it started from.' };
  }
  return blocks.some(({ kind }) => kind !== 'convolution')
    ? { applies: true }
    : {
        applies: false,
        reason:
          'Its residual blocks are convolutions over feature maps; the measure is about streams of tokens. Signal propagation shows their sizes.',
      };
}

/** The start of the stream and what every block leaves in it, in order. */
export function residualPoints({ graph }: Pick<ModelFacts, 'graph'>): readonly WatchedValue[] {
  const blocks = residualBlocks(graph).filter(({ kind }) => kind !== 'convolution');
  const [first] = blocks;
  if (first === undefined) return [];
  return [
    { value: first.start, label: 'start of the stream' },
    ...blocks.map(({ output, label }) => ({ value: output, label: `after ${label}` })),
  ];
}

/** Dimensions of tokens, or of the whole input; maps of features over a picture are no stream. */
export function isStream({ positionAxes, foldedPositions }: ObservedLayer): boolean {
  return positionAxes.length + (foldedPositions === undefined ? 0 : 1) <= 1;
}
