import { posix, relative, sep } from 'node:path';
import { decodeOnnx, encodeOnnx } from '../core/formats/onnx/decode.js';
import type { RunnableModel } from '../core/formats/onnx/runnable-model.js';
import { tensorReference } from '../core/formats/onnx/tensor-proto.js';
import { everyTensor } from '../core/formats/onnx/walk.js';
import { cachedRepository, realPath } from './model-cache.js';
import { resolveInside } from './sibling-files.js';

/**
 * Engines refuse weights behind links that leave the folder of the model, as those of a cache do: there they are given the
 * files themselves, within the folder of the cached repository.
 * @throws ProblemError `missing-external-data`, `external-data-outside-folder`.
 */
export function locatedWeights(model: RunnableModel): RunnableModel {
  const { bytes, externalFiles, folder } = model;
  const repository = externalFiles.length === 0 ? undefined : cachedRepository(realPath(folder) ?? folder);
  if (repository === undefined) return model;
  const located = new Map(
    externalFiles.map((file) => [
      file,
      relative(repository.root, resolveInside(folder, file)).split(sep).join(posix.sep),
    ]),
  );
  const proto = decodeOnnx(bytes);
  for (const tensor of everyTensor(proto)) {
    const place = located.get(tensorReference(tensor)?.location ?? '');
    if (place === undefined) continue;
    for (const entry of tensor.externalData) if (entry.key === 'location') entry.value = place;
  }
  return { bytes: encodeOnnx(proto), externalFiles: [...new Set(located.values())], folder: repository.root };
}
