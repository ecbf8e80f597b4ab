/** What is asked about tensors of weights: each is read as far as the question needs. */
import { displayText } from '../core/display-text.js';
import type { Engine } from '../core/engine/engine.js';
import { openProduct } from '../core/engine/matrix-product.js';
import type { WeightTensor } from '../core/formats/tensor-file.js';
import { nodeId } from '../core/graph/item-ids.js';
import { buildModuleTree } from '../core/graph/modules.js';
import { duplicateRows } from '../core/weights/duplicates.js';
import { exportValues } from '../core/weights/export-values.js';
import { rowAndColumnNorms } from '../core/weights/norms.js';
import { pictureTile } from '../core/weights/picture.js';
import { singularValues, type SingularValues } from '../core/weights/singular-values.js';
import type { Task } from '../core/weights/stream.js';
import { valueTexts } from '../core/weights/values.js';
import { TENSOR_USES, type TensorDetail, type TensorQuestions } from '../protocol/weights.js';
import type { ModelFile } from './open-model.js';
import { tensorAt, type TensorReader } from './tensor-reader.js';
import { tensorRow, tensorRows } from './tensor-rows.js';
import { writeParts } from './write-parts.js';

interface Inspected {
  readonly file: ModelFile;
  readonly reader: TensorReader;
  /** Multiplies faster than anything else here. */
  readonly engine: Engine;
  /** 0 = all cores. */
  readonly threads: number;
}

/**
 * @param inspected throws where no model is open.
 * @param track told of work that uses the engine.
 */
export function tensorQuestions(
  inspected: () => Inspected,
  track: <T>(work: Promise<T>) => Promise<T>,
): TensorQuestions {
  const tensor = (index: number): ReturnType<typeof tensorAt> => tensorAt(inspected().file.weights.tensors, index);
  return {
    tensors: async ({ start }) => tensorRows(inspected().file.weights, start),
    tensorDetail: async ({ tensor: index }) => tensorDetail(inspected().file, index),
    tensorStatistics: ({ tensor: index }, signal, onProgress) =>
      inspected().reader.statistics(index, signal, onProgress),
    tensorTile: ({ tensor: index, picture, ...request }, signal) =>
      pictureTile(tensor(index), picture, request, signal),
    tensorValues: async ({ tensor: index, view, rows, columns }, signal) =>
      valueTexts(tensor(index), view, rows, columns, signal),
    tensorNorms: async ({ tensor: index, axis }, signal, onProgress) =>
      rowAndColumnNorms(tensor(index), { unfoldedAxis: axis }, { signal, onProgress }),
    tensorDuplicates: async ({ tensor: index, axis }, signal, onProgress) =>
      duplicateRows(tensor(index), { view: { unfoldedAxis: axis }, signal, onProgress }),
    tensorSingularValues: ({ tensor: index, axis }, signal, onProgress) =>
      track(spectrumOf(tensor(index), axis, inspected(), { signal, onProgress })),
    writeTensor: ({ tensor: index, format, path }, signal, onProgress) =>
      writeParts(path, exportValues(tensor(index), format, { signal, onProgress })),
  };
}

async function spectrumOf(
  tensor: WeightTensor,
  axis: number,
  { engine, threads }: Inspected,
  task: Task,
): Promise<SingularValues> {
  const { multiply, release } = await openProduct(engine, threads);
  try {
    return await singularValues(tensor, { unfoldedAxis: axis }, { ...task, multiply });
  } finally {
    await release();
  }
}

function tensorDetail({ weights, network }: ModelFile, index: number): TensorDetail {
  const tensor = tensorAt(weights.tensors, index);
  const graph = network?.graph;
  const readers = graph?.initializer(tensor.name) === undefined ? [] : graph.consumersOf(tensor.name);
  const tree = graph && buildModuleTree(graph);
  return {
    row: tensorRow(tensor),
    uses: readers.length,
    usedBy: readers.slice(0, TENSOR_USES).map((node) => ({
      item: nodeId(node),
      label: displayText(`${node.name === '' ? (tree?.nameOf(node) ?? '') : node.name} (${node.opType})`),
    })),
  };
}
