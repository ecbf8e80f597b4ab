/** Tensors of weights of the fake models: one for every node that has parameters, with values that follow from its place. */
import type { WeightTensor } from '../../../src/core/formats/tensor-file.js';
import { duplicateRows } from '../../../src/core/weights/duplicates.js';
import { rowAndColumnNorms } from '../../../src/core/weights/norms.js';
import { pictureTile } from '../../../src/core/weights/picture.js';
import { singularValues } from '../../../src/core/weights/singular-values.js';
import { tensorStatistics } from '../../../src/core/weights/statistics.js';
import { valueTexts } from '../../../src/core/weights/values.js';
import type { HostApi } from '../../../src/protocol/page-api.js';
import type { TensorRow } from '../../../src/protocol/weights.js';
import type { FakeNetwork } from './network.js';
import { noise } from './random.js';

type TensorAnswers = Pick<
  HostApi,
  | 'tensors'
  | 'tensorDetail'
  | 'tensorStatistics'
  | 'tensorTile'
  | 'tensorValues'
  | 'tensorNorms'
  | 'tensorDuplicates'
  | 'tensorSingularValues'
  | 'saveTensor'
>;

export function tensorsOf(network: FakeNetwork): readonly TensorRow[] {
  return weightsOf(network).map(({ name, dims, dtype, bytes }) => ({
    name,
    dims,
    dtype,
    elements: dims.reduce((product, dim) => product * dim, 1),
    bytes,
  }));
}

export function tensorAnswers(network: FakeNetwork): TensorAnswers {
  const rows = tensorsOf(network);
  const at = <T>(list: readonly T[], index: number): T => {
    const found = list[index];
    if (found === undefined) throw new Error(`No tensor ${index}`);
    return found;
  };
  const weights = weightsOf(network);
  return {
    tensors: async ({ start }) => ({ rows: rows.slice(start), total: rows.length }),
    tensorDetail: async ({ tensor }) => {
      const node = network.nodes.filter(({ parameters }) => parameters > 0)[tensor];
      return {
        row: at(rows, tensor),
        uses: 1,
        usedBy: [{ item: node?.id ?? '', label: `${node?.label} (${node?.operator})` }],
      };
    },
    tensorStatistics: ({ tensor }, signal, onProgress) => tensorStatistics(at(weights, tensor), { signal, onProgress }),
    tensorTile: ({ tensor, picture, ...request }, signal) => pictureTile(at(weights, tensor), picture, request, signal),
    tensorValues: ({ tensor, view, rows: lines, columns }, signal) =>
      valueTexts(at(weights, tensor), view, lines, columns, signal),
    tensorNorms: ({ tensor, axis }, signal, onProgress) =>
      rowAndColumnNorms(at(weights, tensor), { unfoldedAxis: axis }, { signal, onProgress }),
    tensorDuplicates: ({ tensor, axis }, signal, onProgress) =>
      duplicateRows(at(weights, tensor), { view: { unfoldedAxis: axis }, signal, onProgress }),
    tensorSingularValues: ({ tensor, axis }, signal, onProgress) =>
      singularValues(at(weights, tensor), { unfoldedAxis: axis }, { signal, onProgress }),
    saveTensor: async () => true,
  };
}

function weightsOf(network: FakeNetwork): readonly WeightTensor[] {
  return network.nodes
    .filter(({ parameters }) => parameters > 0)
    .map(({ label, module, parameters }, index) => {
      const name = [...module, label, 'weight'].join('.');
      const dims = parameters % 144 === 0 ? [16, parameters / 144, 3, 3] : [parameters];
      const isHalf = index % 4 === 3;
      return {
        name,
        dims,
        dtype: isHalf ? 'float16' : 'float32',
        bytes: parameters * (isHalf ? 2 : 4),
        values: {
          type: 'float32',
          read: async (start, count) =>
            Float32Array.from({ length: count }, (_, each) => noise(index, start + each) + noise(start + each) - 1),
        },
      };
    });
}
