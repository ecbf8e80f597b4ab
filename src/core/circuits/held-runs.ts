/**
 * The direct effect of a change, with everything held that the graph of a circuit holds: the network runs again from the
 * changed writer on, with the denominators of its normalisations, its attention patterns, its gates and the outputs of all
 * other MLPs as they were (formats 3.5: interventions with constrained layers). An edge is worked out backwards, from the
 * target; this goes forwards, with all biases on, and is compared with what the model itself computed.
 */
import { throwIfCancelled } from '../errors.js';
import { usedFeeds } from '../engine/used-feeds.js';
import type { SystemModel } from '../linear/system-graphs.js';
import { floatsOf, floatTensor, isFloatType } from '../tensor/floats.js';
import type { NamedTensors, Tensor } from '../tensor/tensor.js';
import { readAt, withEdits, type Edit, type Reading } from './intervention.js';
import { keepReaders, openLinearReader } from './linear-reader.js';
import { writersOf, type ReplacementModel, type ReplacementSites } from './replacement-model.js';

export interface HeldRuns {
  /**
   * How much each reading changes with all edits at once: one run for each value that is read.
   * @throws ProblemError as the engine does; CancelledError.
   */
  change(edits: readonly Edit[], readings: readonly Reading[], signal?: AbortSignal): Promise<readonly number[]>;
  release(): Promise<void>;
}

export function heldRuns(
  model: SystemModel,
  sites: ReplacementSites,
  { shapes, value: valueOf }: Pick<ReplacementModel, 'shapes' | 'value'>,
  feeds: NamedTensors,
): HeldRuns {
  const writers = writersOf(sites);
  const readers = keepReaders(1, (reader) => openLinearReader(model, shapes, writers, reader, 'affine'));
  /** [1, ...shape of the writer]: one seed. */
  const seedOf = (writer: string, values: Float32Array): Tensor => {
    const type = shapes.typeOf(writer);
    if (!isFloatType(type)) throw new Error(`“${writer}” holds no floating-point numbers.`);
    return floatTensor(type, [1, ...(shapes.shapeOf(writer) ?? [])], values);
  };
  /** What a value is with the edits. */
  const runTo = async (
    value: string,
    edits: readonly Edit[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> => {
    throwIfCancelled(signal);
    const { session, written } = await readers.of(value);
    const directions = writers.map((writer): [string, Tensor] => {
      const own = edits.filter((edit) => edit.value === writer);
      return [written.directions.get(writer) ?? '', seedOf(writer, withEdits(valueOf(writer), own))];
    });
    const found = await session.run(usedFeeds(session, { ...feeds, ...Object.fromEntries(directions) }));
    throwIfCancelled(signal);
    const result = found[written.affine.get(value) ?? ''];
    if (result === undefined) throw new Error(`The engine did not give “${value}”.`);
    return floatsOf(result);
  };
  return {
    async change(edits, readings, signal) {
      const found = new Map<string, Float32Array>();
      for (const { value } of readings) {
        if (!found.has(value)) found.set(value, await runTo(value, edits, signal));
      }
      return readings.map(
        (reading) =>
          readAt(found.get(reading.value) as Float32Array, reading) - readAt(valueOf(reading.value), reading),
      );
    },
    release: () => readers.release(),
  };
}
