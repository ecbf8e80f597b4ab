/** A transcoder as circuits use it, where its pre-activations are linear in what it reads. */
import { problem } from '../errors.js';
import type { Coder, Vector } from '../dictionary/coder.js';
import { readVector } from '../dictionary/facts.js';
import { readRows, type FeatureMatrix } from '../dictionary/feature-matrix.js';
import { CODER_FEATURES, CODER_INPUT } from '../dictionary/graphs/coder-model.js';
import type { Session } from '../engine/engine.js';
import { floatsOf } from '../tensor/floats.js';
import type { ActiveFeature, CircuitCoder, EncoderRows } from './circuit-coder.js';

/** Why contributions to a coder's features do not sum to their pre-activations; undefined where they do. */
export function whyNotLinear(coder: Coder): string | undefined {
  const { activation, normalisation, decoderNorm, glu, skip, reads, writes } = coder;
  if (reads.places > 1 || writes.places > 1) return 'It reads or writes several places at once.';
  if (normalisation.kind !== 'none') return 'It normalises what it reads, token by token.';
  if (decoderNorm.use !== 'none') return 'It scales its features by the norms of its decoder.';
  if (glu !== undefined) return 'Its features are multiplied by gates of their own.';
  if (skip !== undefined) return 'It has a linear way past its features.';
  if (activation.kind === 'gated') return 'It is gated: its features are not what its encoder reads.';
  return undefined;
}

/**
 * @param session of the coder's model (`coderModel`). @param name of its file.
 * @throws ProblemError `not-applicable` where it cannot be in a circuit; as reading the file does.
 */
export async function transcoderInCircuit(coder: Coder, session: Session, name: string): Promise<CircuitCoder> {
  const why = whyNotLinear(coder);
  if (why !== undefined) {
    throw problem('not-applicable', `“${name}” cannot be in a circuit. ${why}`, {
      place: name,
      remedy: 'Choose a transcoder of another kind for this layer.',
    });
  }
  const { encoder, decoder, features } = coder;
  const encoderBias = await vectorOf(coder.encoderBias, features);
  const subtracted = await vectorOf(coder.subtracted, encoder.width);
  return {
    features,
    decoderBias: await vectorOf(coder.added?.vector, decoder.width),
    async encode(rows, positions): Promise<readonly ActiveFeature[]> {
      const x = { type: 'float32', dims: [positions, encoder.width], data: rows } as const;
      const found = (await session.run({ [CODER_INPUT]: x }))[CODER_FEATURES];
      if (found === undefined) throw new Error('The coder gave no features.');
      return activeFeatures(floatsOf(found), features);
    },
    async encoderRows(wanted): Promise<EncoderRows> {
      const rows = await gather(encoder, wanted);
      const offsets = Float64Array.from(wanted, (feature, at) => {
        let offset = encoderBias[feature] as number;
        for (let k = 0; k < encoder.width; k++) {
          offset -= (subtracted[k] as number) * (rows[at * encoder.width + k] as number);
        }
        return offset;
      });
      return { rows, offsets };
    },
    decoderRows: (wanted) => gather(decoder, wanted),
  };
}

/** Where a feature is active, its activation is its pre-activation: what is not linear was refused. */
function activeFeatures(activations: Float32Array, features: number): readonly ActiveFeature[] {
  const active: ActiveFeature[] = [];
  activations.forEach((activation, at) => {
    if (activation === 0) return;
    const feature = at % features;
    active.push({ position: (at - feature) / features, feature, activation, preActivation: activation });
  });
  return active;
}

async function vectorOf(vector: Vector | undefined, length: number): Promise<Float32Array> {
  if (vector === undefined) return new Float32Array(length);
  const numbers = Float32Array.from(await readVector(vector.tensor));
  return vector.exponential === true ? numbers.map((value) => Math.exp(value)) : numbers;
}

/** Reads one row for each feature, whatever their order; a feature that is asked for twice is read once. */
async function gather(matrix: FeatureMatrix, wanted: readonly number[]): Promise<Float32Array> {
  const { width } = matrix;
  const rows = new Float32Array(wanted.length * width);
  const places = new Map<number, number[]>();
  wanted.forEach((feature, at) => {
    const known = places.get(feature);
    if (known === undefined) places.set(feature, [at]);
    else known.push(at);
  });
  const distinct = [...places.keys()].sort((a, b) => a - b);
  for (const [first, count] of runsOf(distinct)) {
    const read = await readRows(matrix, first, count);
    for (let row = 0; row < count; row++) {
      const values = read.subarray(row * width, (row + 1) * width);
      for (const at of places.get(first + row) ?? []) rows.set(values, at * width);
    }
  }
  return rows;
}

/** Rows that are not asked for but lie between two that are: one read is cheaper than two. */
const BRIDGED = 16;
const LONGEST_RUN = 1024;

function runsOf(sorted: readonly number[]): readonly (readonly [first: number, count: number])[] {
  const runs: [number, number][] = [];
  for (const each of sorted) {
    const last = runs.at(-1);
    const count = last === undefined ? Infinity : each - last[0] + 1;
    if (last === undefined || each > last[0] + last[1] + BRIDGED || count > LONGEST_RUN) runs.push([each, 1]);
    else last[1] = count;
  }
  return runs;
}
