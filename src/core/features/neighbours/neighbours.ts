/** What one feature of a dictionary is like: units it is made of, units and features that it goes together with. */
import { totalWidth } from '../../dictionary/coder.js';
import { readRows } from '../../dictionary/feature-matrix.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { AttachedDictionary, OpenAttached } from '../attached.js';
import { walkTokens } from '../walk.js';
import { addCoOccurrence, coOccurrence, eitherFires, jaccard } from './co-occurrence.js';
import { addCorrelation, correlations, correlationSums, type Correlations } from './correlation.js';
import { rowCosines } from './nearest.js';
import { alignment, strongest, type AlignedUnit } from './strongest.js';

export interface CorrelatedUnit {
  readonly unit: number;
  readonly pearson: number;
  readonly cosine: number;
}

export interface CorrelatedFeature extends Omit<CorrelatedUnit, 'unit'> {
  readonly feature: number;
}

export interface NearFeature {
  readonly feature: number;
  readonly cosine: number;
}

export interface TogetherFeature {
  readonly feature: number;
  readonly jaccard: number;
  /** Tokens at which both fire, and at which either does. */
  readonly both: number;
  readonly either: number;
}

/** Every list at most {@link SHOWN} long, strongest first. */
export interface Neighbours {
  readonly tokens: number;
  /** Tokens at which the feature fires. */
  readonly fired: number;
  /** Largest entries, by size, of its row of the encoder in the basis of what is read; of the decoder, of what is written. */
  readonly alignment: { readonly reads: readonly AlignedUnit[]; readonly writes: readonly AlignedUnit[] };
  /** Units of what is read, by size of Pearson’s r. */
  readonly units: readonly CorrelatedUnit[];
  /** All other features, by Pearson’s r. */
  readonly features: readonly CorrelatedFeature[];
  readonly nearest: { readonly encoder: readonly NearFeature[]; readonly decoder: readonly NearFeature[] };
  /** By Jaccard index; only those that fire at one of its tokens. */
  readonly together: readonly TogetherFeature[];
}

export const SHOWN = 10;
/** Of the whole, what the run over all inputs takes, about; the rest is reading the dictionary. */
const RUN_SHARE = 0.8;

/**
 * One more run over all inputs and one reading of the dictionary, in memory that grows with neither. The same for any
 * size of batches but for what the engine rounds.
 * @throws CancelledError, and as runs and reading do.
 */
export async function featureNeighbours(
  subject: ExperimentSubject,
  { coder }: AttachedDictionary,
  opened: OpenAttached,
  feature: number,
  onProgress: (share: number) => void,
): Promise<Neighbours> {
  const { encoder, decoder, reads, features } = coder;
  const { signal } = subject;
  const ofUnits = correlationSums(totalWidth(reads), 'first token');
  const ofFeatures = correlationSums(features, 'zero');
  const counts = coOccurrence(features);
  const watched: ExperimentSubject = {
    ...subject,
    onProgress: ({ runsDone, runsPlanned }) => onProgress((RUN_SHARE * runsDone) / runsPlanned),
  };
  await walkTokens(watched, coder, opened, 'Comparing the feature with all others', {
    tile({ x, features: activations }) {
      const own = columnOf(activations, feature, features);
      addCorrelation(ofUnits, own, x);
      addCorrelation(ofFeatures, own, activations);
      addCoOccurrence(counts, own, activations);
    },
  });
  const read = (done: number): void => onProgress(RUN_SHARE + ((1 - RUN_SHARE) * done) / (2 * features));
  const byEncoder = await rowCosines(encoder, feature, signal, read);
  const byDecoder = await rowCosines(decoder, feature, signal, (done) => read(features + done));
  const near = (cosines: Float64Array): NearFeature[] =>
    strongest(cosines, SHOWN, 'value', feature).map((other) => ({ feature: other, cosine: cosines[other] as number }));
  const [unitsFound, featuresFound] = [correlations(ofUnits), correlations(ofFeatures)];
  const overlap = jaccard(counts);
  return {
    tokens: ofUnits.tokens,
    fired: counts.own,
    alignment: {
      reads: alignment(await readRows(encoder, feature, 1), SHOWN),
      writes: alignment(await readRows(decoder, feature, 1), SHOWN),
    },
    units: strongest(unitsFound.pearson, SHOWN, 'size').map((unit) => ({ unit, ...at(unitsFound, unit) })),
    features: strongest(featuresFound.pearson, SHOWN, 'value', feature).map((other) => ({
      feature: other,
      ...at(featuresFound, other),
    })),
    nearest: { encoder: near(byEncoder), decoder: near(byDecoder) },
    together: strongest(overlap, SHOWN, 'value', feature)
      .filter((other) => (counts.both[other] as number) > 0)
      .map((other) => ({
        feature: other,
        jaccard: overlap[other] as number,
        both: counts.both[other] as number,
        either: eitherFires(counts, other),
      })),
  };
}

function at({ pearson, cosine }: Correlations, column: number): { readonly pearson: number; readonly cosine: number } {
  return { pearson: pearson[column] as number, cosine: cosine[column] as number };
}

function columnOf(rows: Float32Array, column: number, columns: number): Float32Array {
  return Float32Array.from({ length: rows.length / columns }, (_, row) => rows[row * columns + column] as number);
}
