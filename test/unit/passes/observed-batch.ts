/** Builds what the run loop hands to passes from plain arrays, computing every observation the slow, obvious way. */
import { create } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import type { ObservedLayer } from '../../../src/core/graph/layers.js';
import type { ObservationKind, Observed, ObservedBatch } from '../../../src/core/rewrite/observation.js';

/** For passes that look at activations alone. */
export const NO_GRAPH = createGraph(create(ModelProtoSchema));

/** Activations as [example][unit][position]. */
export type Activations = readonly (readonly (readonly number[])[])[];

export function layer(overrides: Partial<ObservedLayer> & { value: string; units: number }): ObservedLayer {
  return {
    label: overrides.value,
    module: [],
    operator: 'Relu',
    family: 'rectifier',
    range: { lower: 0 },
    shape: [overrides.units],
    exampleAxis: 0,
    foldedPositions: undefined,
    unitAxes: [1],
    positionAxes: [],
    unitWord: 'neurons',
    ...overrides,
  };
}

export function observedBatch(
  layers: readonly ObservedLayer[],
  activations: Readonly<Record<string, Activations>>,
  firstIndex = 0,
): ObservedBatch {
  const examples = Object.values(activations)[0]?.length ?? 0;
  return {
    indices: Array.from({ length: examples }, (_, row) => firstIndex + row),
    layers,
    get: (value, kind) => observe(activations[value] ?? [], kind),
  };
}

function observe(activations: Activations, kind: ObservationKind): Observed {
  const examples = activations.length;
  const units = activations[0]?.length ?? 0;
  const positions = activations[0]?.[0]?.length ?? 0;
  const perUnit = (reduce: (values: readonly number[]) => number): Observed => ({
    data: Float32Array.from(activations.flatMap((example) => example.map(reduce))),
    examples,
    columns: units,
    entries: positions,
  });
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const number = (values: readonly number[], test: (value: number) => boolean): number => values.filter(test).length;
  switch (kind) {
    case 'sum':
      return perUnit(sum);
    case 'absolute-sum':
      return perUnit((values) => sum(values.map(Math.abs)));
    case 'sum-of-squares':
      return perUnit((values) => sum(values.map((value) => value * value)));
    case 'minimum':
      return perUnit((values) => Math.min(...values));
    case 'maximum':
      return perUnit((values) => Math.max(...values));
    case 'zero-count':
      return perUnit((values) => number(values, (value) => value === 0));
    case 'saturated-count':
      return perUnit((values) => number(values, (value) => Math.abs(value) > 0.99));
    case 'non-finite-count':
      return perUnit((values) => number(values, (value) => !Number.isFinite(value)));
    case 'first-nonzero-position':
      return perUnit((values) => {
        const first = values.findIndex((value) => value !== 0);
        return first === -1 ? values.length : first;
      });
    case 'zero-count-by-position':
      return {
        data: Float32Array.from(
          activations.flatMap((example) =>
            Array.from({ length: positions }, (_, position) => example.filter((unit) => unit[position] === 0).length),
          ),
        ),
        examples,
        columns: positions,
        entries: units,
      };
    case 'zero-count-by-site':
      return {
        data: Float32Array.from(
          (activations[0] ?? []).flatMap((values, unit) =>
            values.map((_, position) => activations.filter((example) => example[unit]?.[position] === 0).length),
          ),
        ),
        examples: 1,
        columns: units * positions,
        entries: examples,
      };
    case 'values':
      return {
        data: Float32Array.from(activations.flat(2)),
        examples,
        columns: units * positions,
        entries: positions,
        layout: {
          examples,
          exampleStride: units * positions,
          unitOffsets: Int32Array.from({ length: units }, (_, unit) => unit * positions),
          positionOffsets: Int32Array.from({ length: positions }, (_, position) => position),
        },
      };
    case 'sample':
      return {
        data: Float32Array.from(activations.flat(2)),
        examples,
        columns: units * positions,
        entries: 1,
      };
  }
}
