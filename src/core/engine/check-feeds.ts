import type { InferenceSession } from 'onnxruntime-common';
import { problem, type ProblemError } from '../errors.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';

/**
 * Compares feeds with what the graph declares, because the engine names neither the input nor the axis in all cases.
 * @throws ProblemError `invalid-inputs` that names the input, what was expected and what was given.
 */
export function checkFeeds(declared: readonly InferenceSession.ValueMetadata[], feeds: NamedTensors): void {
  for (const input of declared) {
    const feed = feeds[input.name];
    if (!feed) throw invalid(input.name, 'is missing');
    if (!input.isTensor) throw invalid(input.name, 'is a sequence or an optional value, which cannot be given');
    if (feed.type !== input.type) throw invalid(input.name, `holds ${feed.type}; the model expects ${input.type}`);
    checkShape(input.name, input.shape, feed);
  }
  const names = new Set(declared.map((input) => input.name));
  const unknown = Object.keys(feeds).find((name) => !names.has(name));
  if (unknown !== undefined) throw invalid(unknown, 'is not an input of the model');
}

function checkShape(name: string, expected: readonly (number | string)[], feed: Tensor): void {
  const fits =
    feed.dims.length === expected.length &&
    expected.every((dim, axis) => typeof dim !== 'number' || isOpen(dim) || dim === feed.dims[axis]);
  if (!fits) throw invalid(name, `has shape ${shapeText(feed.dims)}; the model expects ${shapeText(expected)}`);
  if (feed.data.length !== elementCount(feed.dims)) {
    throw invalid(name, `has ${feed.data.length} values for shape ${shapeText(feed.dims)}`);
  }
}

/** An unnamed open dimension is −1, which the WebAssembly build hands out as an unsigned number. */
export function isOpen(dim: number): boolean {
  return dim < 0 || dim === 0xffffffff;
}

function shapeText(dims: readonly (number | string)[]): string {
  return `[${dims.map((dim) => (dim === '' || (typeof dim === 'number' && isOpen(dim)) ? '?' : dim)).join(', ')}]`;
}

function invalid(input: string, what: string): ProblemError {
  return problem('invalid-inputs', `Input “${input}” ${what}.`, {
    place: `input ${input}`,
    remedy: 'Choose inputs of the right type and shape, or change how they are prepared.',
  });
}
