/**
 * How much of a feature or an output arrived through each attention head, over the last step before it (methods B2 (3),
 * formats section 4, items 5 and 6): pattern[dst, src] · (V[src] W_O) · v, with v the target's direction in the residual
 * stream, normalisations held. What attention hands over is cut at the values that the patterns weigh, so that everything
 * else is what reaches the target on the residual stream alone: the token's own embedding, what MLPs wrote at the token,
 * and biases, those of the output projections among them. Together they are the target (the completeness identity).
 */
import type { SystemModel } from '../../linear/system-graphs.js';
import { floatsOf } from '../../tensor/floats.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import { usedFeeds } from '../../engine/used-feeds.js';
import { throwIfCancelled } from '../../errors.js';
import { contributionsOf, given, seedAt, type HeadContribution } from './contributions.js';
import { headsOf, type LeftAttention } from './cut-heads.js';
import type { Reading } from '../intervention.js';
import { keepReaders, openLinearReader } from '../linear-reader.js';
import type { LayerAttention } from '../placing.js';
import { writersOf, type ReplacementModel, type ReplacementSites } from '../replacement-model.js';

/** What the MLP of a layer adds on the residual stream alone, of all tokens: past attention that is the target's own. */
export interface MlpContribution {
  /** In the list of layers with an MLP. */
  readonly place: number;
  readonly features: number;
  /** Of the decoder. */
  readonly biases: number;
  readonly error: number;
}

export interface ThroughHeads {
  readonly heads: readonly HeadContribution[];
  readonly embedding: number;
  readonly mlps: readonly MlpContribution[];
  /** All others on the way, the encoder's among them. */
  readonly biases: number;
  /** How many heads of queries share one value, by layer, where several do. */
  readonly sharing: ReadonlyMap<number, number>;
  /** Attention that could not be told apart: what arrives through it is among the rest. */
  readonly left: readonly LeftAttention[];
}

/** What MLPs wrote, as the graph of the circuit parts it. */
export interface WrittenParts {
  /** By layer with an MLP, [positions, width]. */
  readonly errors: readonly Float32Array[];
  /** By layer with an MLP, [width]. */
  readonly decoderBiases: readonly Float32Array[];
}

export interface HeadReaders {
  /** @param offset what the target has besides ⟨direction, value⟩. @throws ProblemError as the engine does; CancelledError. */
  through(reading: Reading, offset: number, written: WrittenParts, signal?: AbortSignal): Promise<ThroughHeads>;
  release(): Promise<void>;
}

export function headReaders(
  model: SystemModel,
  sites: ReplacementSites,
  replacement: Pick<ReplacementModel, 'shapes' | 'value' | 'positions'>,
  attention: readonly LayerAttention[],
  feeds: NamedTensors,
): HeadReaders {
  const { shapes, positions } = replacement;
  const { cut, left } = headsOf(model.prepared, shapes, attention, positions);
  const from = [...writersOf(sites), ...cut.map(({ value }) => value)];
  const beside = [
    ...new Set(cut.flatMap(({ value, pattern }) => [value, ...(pattern === undefined ? [] : [pattern])])),
  ];
  const readers = keepReaders(1, (reader) => openLinearReader(model, shapes, from, reader, 'transpose', beside));
  return {
    async through(reading, offset, written, signal) {
      throwIfCancelled(signal);
      const { session, written: graph } = await readers.of(reading.value);
      const results = await session.run(
        usedFeeds(session, { ...feeds, [graph.seeds.get(reading.value) ?? '']: seedAt(shapes, reading) }),
      );
      throwIfCancelled(signal);
      const rowsOf = (value: string): Float32Array | undefined => {
        const name = graph.transpose.get(value);
        return name === undefined ? undefined : floatsOf(given(results, name));
      };
      const ledger = graph.ledger === undefined ? [] : [...floatsOf(given(results, graph.ledger))];
      const embedding = rowsOf(sites.embedding);
      return {
        heads: cut.flatMap((each) => {
          const row = rowsOf(each.value);
          return row === undefined ? [] : contributionsOf(each, row, results, reading.position, positions);
        }),
        embedding: embedding === undefined ? 0 : dot(embedding, replacement.value(sites.embedding)),
        mlps: sites.layers.flatMap(({ writes }, place): MlpContribution[] => {
          const row = rowsOf(writes);
          if (row === undefined) return [];
          const error = dot(row, written.errors[place] as Float32Array);
          const biases = dotRepeated(row, written.decoderBiases[place] as Float32Array);
          return [{ place, error, biases, features: dot(row, replacement.value(writes)) - error - biases }];
        }),
        biases: offset + ledger.reduce((sum, each) => sum + each, 0),
        sharing: new Map(cut.flatMap(({ layer, sharing }) => (sharing > 1 ? [[layer, sharing]] : []))),
        left,
      };
    },
    release: () => readers.release(),
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}

/** With the same row at every position. */
function dotRepeated(a: Float32Array, row: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (row[k % row.length] as number);
  return sum;
}
