import { bytesPerStored, storedArray } from '../../src/core/tensor/stored-type.js';
import { elementCount } from '../../src/core/tensor/tensor.js';
import type { TensorFile } from '../../src/core/formats/tensor-file.js';

/** Elements that are read at either end. */
const ENDS = 3;
/** Files that claim to have more tensors are read in part. */
const TENSORS = 200;

/**
 * Reads the first and last elements of every tensor, and checks what the contract promises of a file that opens.
 * @throws what reading throws, and Error where the contract is broken.
 */
export async function readEnds(file: TensorFile): Promise<void> {
  const names = new Set<string>();
  let firstError: unknown;
  for (const { name } of file.tensors) {
    expect(!names.has(name), `two tensors are called ${name.slice(0, 100)}`);
    names.add(name);
  }
  for (const { message } of file.problems) expect(message !== '', 'a problem without a message');
  for (const { dims, bytes, values, unreadable, name } of file.tensors.slice(0, TENSORS)) {
    const elements = elementCount(dims);
    const shown = name.slice(0, 100);
    expect(
      dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0),
      `${shown} has a shape of ${dims.join()}`,
    );
    expect(Number.isSafeInteger(elements), `${shown} has too many elements`);
    expect(Number.isSafeInteger(bytes) && bytes >= 0, `${shown} takes ${bytes} bytes`);
    expect((values === undefined) !== (unreadable === undefined), `${shown} has values and none, or neither`);
    if (values === undefined) continue;
    for (const first of new Set([0, Math.max(0, elements - ENDS)])) {
      const count = Math.min(ENDS, elements);
      try {
        const data = await values.read(first, count);
        expect(data.length === count, `${shown} gave ${data.length} of ${count} elements`);
        expect(data.constructor === storedArray(values.type, 0).constructor, `${shown} gave another type`);
        expect(data.byteLength === count * bytesPerStored(values.type), `${shown} gave another size`);
      } catch (error) {
        if (error instanceof BrokenContract) throw error;
        firstError ??= error;
      }
    }
  }
  await file.close();
  if (firstError !== undefined) throw firstError;
}

class BrokenContract extends Error {}

function expect(holds: boolean, message: string): void {
  if (!holds) throw new BrokenContract(`The contract is broken: ${message}.`);
}
