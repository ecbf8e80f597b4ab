/** Constants of a graph, read whole: only small ones, one number for each unit. */
import type { Graph } from '../../graph/graph.js';

export interface Numbers {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Reads a constant by its value name. @throws as reading the file does. */
export type ReadNumbers = (value: string) => Promise<Numbers>;

/** Reads the constants among some values, each once; those that have too many numbers to be one for each unit are left out. */
export async function readSmall(
  graph: Graph,
  values: Iterable<string>,
  read: ReadNumbers,
  limit: number,
): Promise<ReadonlyMap<string, Numbers>> {
  const found = new Map<string, Numbers>();
  for (const value of new Set(values)) {
    const tensor = graph.initializer(value);
    if (tensor === undefined) continue;
    const elements = tensor.dims.reduce((product, size) => product * size, 1n);
    if (elements >= 1n && elements <= BigInt(limit)) found.set(value, await read(value));
  }
  return found;
}
