/** Edges of an attribution graph, by target: only what is not 0 is kept (compressed rows). */
export interface EdgeMatrix {
  /** Nodes: rows are targets, columns are sources. A source stands before its targets. */
  readonly size: number;
  /** Edges of target t are those from `starts[t]` to `starts[t + 1]`. */
  readonly starts: Uint32Array;
  readonly sources: Uint32Array;
  /** Signed contributions, in the target's own unit. */
  readonly weights: Float32Array;
}

export interface EdgeBuilder {
  /** Adds the row of the next target. Zeros are left out. @param sources strictly rising, below the target. */
  add(sources: ArrayLike<number>, weights: ArrayLike<number>): void;
  finish(): EdgeMatrix;
}

/** @param size nodes; as many rows must be added. */
export function createEdgeBuilder(size: number): EdgeBuilder {
  const starts = new Uint32Array(size + 1);
  let sources = new Uint32Array(1024);
  let weights = new Float32Array(1024);
  let rows = 0;
  let count = 0;
  const grow = (needed: number): void => {
    if (needed <= sources.length) return;
    const length = Math.max(needed, sources.length * 2);
    const [larger, heavier] = [new Uint32Array(length), new Float32Array(length)];
    larger.set(sources.subarray(0, count));
    heavier.set(weights.subarray(0, count));
    [sources, weights] = [larger, heavier];
  };
  return {
    add(from, values) {
      if (rows === size) throw new RangeError('There are more rows than nodes.');
      grow(count + from.length);
      let before = -1;
      for (let index = 0; index < from.length; index++) {
        const source = from[index] as number;
        if (source <= before || source >= rows) throw new RangeError(`Node ${source} cannot be a source of ${rows}.`);
        before = source;
        const weight = values[index] as number;
        if (weight === 0) continue;
        sources[count] = source;
        weights[count] = weight;
        count++;
      }
      starts[++rows] = count;
    },
    finish() {
      if (rows !== size) throw new RangeError(`${rows} rows were added for ${size} nodes.`);
      return { size, starts, sources: sources.slice(0, count), weights: weights.slice(0, count) };
    },
  };
}

/** Calls with each edge of a target: its source, its weight and its place in the arrays. */
export function forEachEdge(
  { starts, sources, weights }: EdgeMatrix,
  target: number,
  visit: (source: number, weight: number, edge: number) => void,
): void {
  const end = starts[target + 1] as number;
  for (let edge = starts[target] as number; edge < end; edge++) {
    visit(sources[edge] as number, weights[edge] as number, edge);
  }
}
