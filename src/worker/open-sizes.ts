import type { Graph } from '../core/graph/graph.js';
import type { NamedTensors } from '../core/tensor/tensor.js';
import type { Inputs } from './inputs.js';

/**
 * Sizes of a graph's open dimensions for one input: what the first input has, else 1. Operations and memory rest on them.
 */
export async function openSizes(graph: Graph | undefined, inputs: Inputs | undefined): Promise<Record<string, number>> {
  const named = (graph?.inputs ?? []).flatMap(({ name, shape = [] }) =>
    shape.flatMap((size, axis) => (typeof size === 'string' ? [{ input: name, axis, dimension: size }] : [])),
  );
  if (named.length === 0) return {};
  const feeds = await firstFeeds(inputs);
  const sizes: Record<string, number> = {};
  for (const { input, axis, dimension } of named) sizes[dimension] ??= feeds?.[input]?.dims[axis] ?? 1;
  return sizes;
}

/** Undefined where the inputs cannot be used: they say so themselves. */
async function firstFeeds(inputs: Inputs | undefined): Promise<NamedTensors | undefined> {
  if (inputs === undefined || inputs.description().problem !== undefined) return undefined;
  const { feeds } = await inputs.dataset().batch(0, 1);
  return feeds;
}
