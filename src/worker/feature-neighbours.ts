/** What a feature is like, as the page is told: one more run over the inputs, with what its numbers rest on. */
import { problem } from '../core/errors.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import type { AttachedDictionary, OpenAttached } from '../core/features/attached.js';
import { featureNeighbours } from '../core/features/neighbours/neighbours.js';
import { singular } from '../core/passes/words.js';
import { findRoles } from '../core/graph/roles/roles.js';
import type { FeatureNeighbours, PlaceWords } from '../protocol/features.js';
import type { OnProgress } from '../protocol/rpc.js';

/** Tokens at which a feature fires, below which correlations and overlaps are rough. */
const FEW_FIRED = 30;

/** @throws CancelledError; ProblemError for a feature that there is not, and as runs do. */
export async function neighboursOf(
  subject: ExperimentSubject,
  attached: AttachedDictionary,
  opened: OpenAttached,
  feature: number,
  { many }: PlaceWords,
  onProgress: OnProgress | undefined,
): Promise<FeatureNeighbours> {
  const found = await featureNeighbours(subject, attached, opened, feature, (share) => onProgress?.(share));
  const { fired, tokens } = found;
  const warnings =
    fired === 0
      ? [`It fires at none of ${count(tokens)} ${many}: it goes together with nothing here.`]
      : fired < FEW_FIRED
        ? [`It fires at ${count(fired)} of ${count(tokens)} ${many} only: correlations and overlaps are rough.`]
        : [];
  return {
    feature,
    ...found,
    unitWords: { reads: unitWordOf(subject, attached.reads), writes: unitWordOf(subject, attached.writes) },
    warnings,
  };
}

/** What one number of a value is called: a neuron where an MLP block has its neurons there, else a dimension. */
function unitWordOf({ graph, layers }: ExperimentSubject, value: string): string {
  const isNeurons = findRoles(graph).mlpBlocks.some(
    ({ neurons, activation, preActivation }) => value === neurons || value === activation || value === preActivation,
  );
  if (isNeurons) return 'neuron';
  const layer = layers.find((each) => each.value === value);
  return layer === undefined ? 'dimension' : singular(layer.unitWord);
}

/** @throws ProblemError `not-applicable`. */
export function checkFeature(feature: number, features: number): void {
  if (Number.isInteger(feature) && feature >= 0 && feature < features) return;
  throw problem('not-applicable', `There is no feature ${feature}: they are 0 to ${features - 1}.`);
}

const count = (value: number): string => value.toLocaleString('en-US');
