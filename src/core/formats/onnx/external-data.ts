/** Tensors whose values lie in files: where, whether they are really there, and their values. */
import type { ByteSource } from '../../bytes/byte-source.js';
import { displayText } from '../../display-text.js';
import { asProblem, problem, ProblemError, type Problem } from '../../errors.js';
import { listedProblems } from '../listed-problems.js';
import type { ModelProto, TensorProto } from './onnx_pb.js';
import {
  malformedTensor,
  tensorBytes,
  tensorFromBytes,
  tensorFromProto,
  tensorReference,
  type StoredTensor,
} from './tensor-proto.js';
import { everyTensor } from './walk.js';

/** Opens the file that a reference names: the model itself or a file beside it. */
export type OpenLocation = (location: string) => Promise<ByteSource>;

/** Every file that the model's tensors lie in, each once. Tensors with malformed references are left out. */
export function externalLocations(model: ModelProto): string[] {
  const locations = new Set<string>();
  for (const tensor of everyTensor(model)) {
    try {
      const reference = tensorReference(tensor);
      if (reference !== undefined) locations.add(reference.location);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
    }
  }
  return [...locations];
}

/**
 * Checks that every reference of the model points to bytes that exist and are as many as its shape asks for.
 * @returns what is wrong, and the bytes of values that lie in each file.
 */
export async function checkExternalData(
  model: ModelProto,
  open: OpenLocation,
): Promise<{ readonly problems: readonly Problem[]; readonly bytesByLocation: ReadonlyMap<string, number> }> {
  const problems: Problem[] = [];
  const sizes = new Map<string, number | undefined>();
  const bytesByLocation = new Map<string, number>();
  for (const tensor of everyTensor(model)) {
    try {
      const reference = tensorReference(tensor);
      if (reference === undefined) continue;
      const { location, offset } = reference;
      if (!sizes.has(location)) {
        // A file that cannot be opened is one problem, however many tensors lie in it.
        sizes.set(location, undefined);
        sizes.set(location, (await open(location)).size);
      }
      const size = sizes.get(location);
      if (size === undefined) continue;
      const length = referencedBytes(tensor, reference.length);
      if (offset + length > size) {
        const [file, name] = [displayText(location), displayText(tensor.name, 100)];
        throw problem('missing-external-data', `“${file}” ends before the values of the tensor “${name}”.`, {
          place: `bytes ${offset} to ${offset + length} of ${file}, which has ${size}`,
          remedy: 'Download or export the model again, with all of its files.',
        });
      }
      bytesByLocation.set(location, (bytesByLocation.get(location) ?? 0) + length);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(asProblem(error));
    }
  }
  const listed = listedProblems(problems, (hidden) => ({
    kind: 'missing-external-data',
    message: `${hidden} more tensors whose values cannot be found are not listed.`,
  }));
  return { problems: listed, bytesByLocation };
}

/**
 * The values of a tensor, wherever they lie.
 * @throws ProblemError as opening, reading and decoding do.
 */
export async function readTensor(tensor: TensorProto, open: OpenLocation): Promise<StoredTensor> {
  const reference = tensorReference(tensor);
  if (reference === undefined) return tensorFromProto(tensor);
  const length = referencedBytes(tensor, reference.length);
  const source = await open(reference.location);
  return tensorFromBytes(tensor, await source.read(reference.offset, length));
}

/**
 * Bytes of a referenced tensor; the stated length must be the one of its shape.
 * @throws ProblemError `malformed-model`.
 */
export function referencedBytes(tensor: TensorProto, stated: number | undefined): number {
  const expected = tensorBytes(tensor);
  if (stated === undefined || stated === expected) return expected;
  throw malformedTensor(tensor, `has ${stated} bytes, not the ${expected} of its shape`);
}
