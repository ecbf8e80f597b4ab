/** Where it is known from that a unit can leave. */
export type UnitSource =
  /** All incoming weights are 0: dead or constant, whatever the input. */
  | 'weights'
  /** Bounds: dead for every input in the box. */
  | 'bounds'
  /** Every weight that reads it is 0. */
  | 'useless'
  /** It was exactly 0 on all inputs of a run. */
  | 'data';

/** The strongest first. */
export const UNIT_SOURCES: readonly UnitSource[] = ['weights', 'bounds', 'useless', 'data'];

/** Those that are proofs. */
export const PROVEN_SOURCES: readonly UnitSource[] = ['weights', 'bounds', 'useless'];

/** Passes that find units which do nothing, and what of theirs could be removed. */
export const SOURCES_OF_PASS: Readonly<Record<string, readonly UnitSource[]>> = {
  'static-dead-units': ['weights', 'useless'],
  certificates: ['bounds'],
  'dead-units': ['data'],
};
