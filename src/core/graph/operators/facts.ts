/**
 * What is known of operators apart from any model: the facts of their schemas, version by version, and one sentence of
 * our own about each. Read from media/operators.json, which scripts/operators/make_operators.py writes.
 */

/** Where facts were read from. */
export interface OperatorSource {
  /** "onnx/onnx". */
  readonly project: string;
  readonly commit: string;
  readonly licence: string;
}

export type DefaultValue = number | string | readonly number[] | readonly string[];

/** Types of attributes as the file names them: "ints", "string", "graph"… */
export interface AttributeFact {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: DefaultValue;
}

export type ValueKind = 'required' | 'optional' | 'variadic';

/** An input or output as the schema describes it. */
export interface ValueFact {
  readonly name: string;
  readonly kind: ValueKind;
  /** "float32", "sequence of int64"…; what one variable stands for is one type throughout a node. */
  readonly types: readonly string[];
  /** "T": inputs and outputs with the same variable have the same type. */
  readonly typeVariable?: string;
}

export interface OperatorVersion {
  /** First version of the operator set that has it. */
  readonly since: number;
  readonly deprecated: boolean;
  /** Inputs that a node must list at least (some may be empty), where the last of them is variadic. */
  readonly leastInputs?: number;
  readonly attributes: readonly AttributeFact[];
  readonly inputs: readonly ValueFact[];
  readonly outputs: readonly ValueFact[];
}

export interface OperatorFacts {
  /** "" for the standard operators. */
  readonly domain: string;
  readonly name: string;
  /** What it computes, in one sentence. */
  readonly sentence?: string;
  /** Defaults in words, of attributes whose schema states none. */
  readonly impliedDefaults: ReadonlyMap<string, string>;
  /** Oldest first, never empty. */
  readonly versions: readonly OperatorVersion[];
}

export interface Operators {
  readonly sources: readonly OperatorSource[];
  readonly count: number;
  /** The facts of an operator, whatever its version. @param domain "" or "ai.onnx" for the standard operators. */
  find(domain: string, name: string): OperatorFacts | undefined;
  all(): Iterable<OperatorFacts>;
}
