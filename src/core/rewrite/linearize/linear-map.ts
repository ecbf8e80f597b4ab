/**
 * A linear map as it is written in ONNX nodes, together with its transpose. Rules say which maps an operator is made of;
 * a map never knows an operator, and what holds for the parts holds for what is composed of them.
 */

/** Sizes of a value without the seed axis. */
export type Shape = readonly number[];

/**
 * Both directions take and give values with one more, leading axis: the seeds, [seeds, ...shape]. Each call writes the
 * nodes and returns the name of the result.
 */
export interface LinearMap {
  /** A v. */
  forward(v: string): string;
  /** Aᵀ u. */
  transpose(u: string): string;
}

export const IDENTITY: LinearMap = { forward: (v) => v, transpose: (u) => u };

/** The first map is applied first. */
export function compose(...maps: readonly LinearMap[]): LinearMap {
  return {
    forward: (v) => maps.reduce((value, map) => map.forward(value), v),
    transpose: (u) => maps.reduceRight((value, map) => map.transpose(value), u),
  };
}

export function transposed(map: LinearMap): LinearMap {
  return { forward: (v) => map.transpose(v), transpose: (u) => map.forward(u) };
}

/** A = Aᵀ. */
export function selfAdjoint(apply: (v: string) => string): LinearMap {
  return { forward: apply, transpose: apply };
}
