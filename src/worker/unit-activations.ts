/** What one unit did on one input: asked for one at a time, when a person looks at it. */
import type { Dataset } from '../core/dataset/dataset.js';
import type { Engine, Session } from '../core/engine/engine.js';
import { usedFeeds } from '../core/engine/used-feeds.js';
import type { RunnableModel } from '../core/formats/onnx/runnable-model.js';
import type { ModelProto } from '../core/formats/onnx/onnx_pb.js';
import type { ObservedLayer } from '../core/graph/layers.js';
import { observe, type Observing } from '../core/rewrite/observe.js';

export interface UnitActivations {
  /** Sizes of the layer's position axes: [height, width] of a picture's map, [tokens] of a sequence; [] for one value. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface ActivationReader {
  read(dataset: Dataset, index: number, layer: ObservedLayer, unit: number): Promise<UnitActivations | undefined>;
  close(): Promise<void>;
}

/** A sample that takes every position. */
const ALL_VALUES = Number.MAX_SAFE_INTEGER;

/** Keeps the session of the layer that was asked for last, so that going through its units and examples is quick. */
export function createActivationReader(
  model: ModelProto,
  toRunnable: (model: ModelProto) => RunnableModel,
  engine: Engine,
  threads: number,
): ActivationReader {
  let open: { layer: ObservedLayer; observing: Observing; session: Promise<Session> } | undefined;
  const close = async (): Promise<void> => {
    const old = open;
    open = undefined;
    await old?.session.then((session) => session.release()).catch(() => undefined);
  };
  const openFor = async (layer: ObservedLayer): Promise<{ observing: Observing; session: Session }> => {
    // By object: another probe run, on other inputs, may have found other axes for the same value.
    if (open?.layer !== layer) {
      await close();
      const observing = observe(model, [layer], [{ layer: layer.value, kind: 'sample' }], { sampleBudget: ALL_VALUES });
      const session = engine.open(toRunnable(observing.model), { threads });
      open = { layer, observing, session };
      session.catch(() => (open = undefined));
    }
    return { observing: open.observing, session: await open.session };
  };
  // One question at a time: a session that is being replaced must not be in use.
  let queue: Promise<unknown> = Promise.resolve();
  return {
    close: () => (queue = queue.then(close, close)) as Promise<void>,
    read(dataset, index, layer, unit) {
      const answer = queue.then(async () => {
        const { feeds, indices } = await dataset.batch(index, index + 1);
        if (indices.length === 0) return undefined;
        const { observing, session } = await openFor(layer);
        const outputs = await session.run(usedFeeds(session, feeds));
        const { data, columns } = observing.read(outputs, 1).get(layer.value, 'sample');
        const positions = columns / layer.units;
        return {
          shape: positionShape(layer, positions),
          values: data.slice(unit * positions, (unit + 1) * positions),
        };
      });
      queue = answer.catch(() => undefined);
      return answer;
    },
  };
}

/** Sizes of the position axes; one axis where they change from input to input. */
function positionShape(
  { shape, exampleAxis, positionAxes, foldedPositions }: ObservedLayer,
  positions: number,
): number[] {
  const known = positionAxes.map(
    (axis) => shape[exampleAxis !== undefined && axis > exampleAxis ? axis - 1 : axis] ?? -1,
  );
  const sizes = foldedPositions === undefined ? known : [foldedPositions, ...known];
  if (sizes.length === 0) return [];
  return sizes.reduce((product, size) => product * size, 1) === positions && !sizes.includes(-1) ? sizes : [positions];
}
