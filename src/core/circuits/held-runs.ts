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
import { edited, readAt, type Edit, type Reading } from './intervention.js';
import { keepReaders, openLinearReader } from './linear-reader.js';
import { writersOf, type ReplacementModel, type ReplacementSites } from './replacement-model.js';

export interface HeldRuns {
  /** How much a reading changes. @throws ProblemError as the engine does; CancelledError. */
  change(edit: Edit, reading: Reading, signal?: AbortSignal): Promise<number>;
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
  return {
    async change(edit, reading, signal) {
      throwIfCancelled(signal);
      const { session, written } = await readers.of(reading.value);
      const directions = writers.map((writer): [string, Tensor] => {
        const values = valueOf(writer);
        const seed = seedOf(writer, writer === edit.value ? edited(values, edit) : values);
        return [written.directions.get(writer) ?? '', seed];
      });
      const found = await session.run(usedFeeds(session, { ...feeds, ...Object.fromEntries(directions) }));
      throwIfCancelled(signal);
      const result = found[written.affine.get(reading.value) ?? ''];
      if (result === undefined) throw new Error(`The engine did not give “${reading.value}”.`);
      return readAt(floatsOf(result), reading) - readAt(valueOf(reading.value), reading);
    },
    release: () => readers.release(),
  };
}
