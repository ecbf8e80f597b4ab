/** Reads what the weights say of layers' units, once for all runs of a model. */
import { ProblemError } from '../core/errors.js';
import { onnxWeights } from '../core/formats/onnx/weights.js';
import type { WeightTensor } from '../core/formats/tensor-file.js';
import type { ObservedLayer } from '../core/graph/layers.js';
import type { NetworkSubject } from '../core/passes/pass.js';
import { findStaticUnits } from '../core/passes/static-dead-units/find.js';
import { outgoingWeights, readUnits, type OutgoingWeights, type UnitWeights } from '../core/passes/unit-weights.js';
import type { WorkerEvents } from '../protocol/worker-api.js';
import { tensorsOf } from './network-subject.js';
import type { Network } from './open-model.js';
import { createTensorReader, type TensorReader } from './tensor-reader.js';

/** Of a network that is no file of its own: one with redrawn weights. */
export function networkUnitWeights(network: Network, events: WorkerEvents): ReturnType<typeof unitWeightsReader> {
  const weights = onnxWeights(network.onnx);
  const { graph } = network;
  const tensorOf = tensorsOf(weights, network);
  return unitWeightsReader(weights.tensors, { graph, tensorOf }, createTensorReader(weights), events);
}

export function unitWeightsReader(
  tensors: readonly WeightTensor[],
  network: Pick<NetworkSubject, 'graph' | 'tensorOf'>,
  reader: TensorReader,
  events: WorkerEvents,
): (layers: readonly ObservedLayer[], signal: AbortSignal) => Promise<UnitWeights | undefined> {
  let known: UnitWeights | undefined;
  const read = async (layers: readonly ObservedLayer[], signal: AbortSignal): Promise<UnitWeights> => {
    const statistics = reader.during(
      signal,
      (done, planned) => void events.runProgress({ phase: 'Reading weights', unit: 'bytes', done, planned }),
    );
    const found = await findStaticUnits({ tensors, statistics, signal }, network);
    const outgoing = new Map<string, OutgoingWeights>();
    for (const layer of layers) {
      const readers = readUnits(network.graph, layer.value, layer);
      const weights = readers && (await outgoingWeights(readers, tensorOf, { signal }));
      if (weights !== undefined) outgoing.set(layer.value, weights);
    }
    const dead = found.flatMap(({ activation, dead: units }) =>
      activation === undefined ? [] : [[activation, units] as const],
    );
    return { dead: new Map(dead), outgoing };
  };
  const tensorOf = (value: string): WeightTensor | undefined => tensors[network.tensorOf(value) ?? -1];
  return async (layers, signal) => {
    try {
      return (known ??= await read(layers, signal));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { message } = error.problem;
      void events.log({ level: 'warning', text: `What weights say of units is left out: ${message}` });
      return undefined;
    }
  };
}
