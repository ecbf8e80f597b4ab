/** The documentation of an operator at one version of its operator set, as plain data. */
import { attributeWords, defaultText } from './attribute-words.js';
import type { AttributeFact, OperatorFacts, Operators, OperatorVersion, ValueFact } from './facts.js';
import { versionChanges, type OperatorChange } from './version-changes.js';

export interface AttributeDocumentation {
  readonly name: string;
  /** "ints", "string", "graph"…; absent where a function does not say. */
  readonly type?: string;
  readonly required: boolean;
  /** What holds where the attribute is left out, in words; absent where that is not known. */
  readonly default?: string;
}

/** A later version of the operator; `changes` is empty where only its text changed. */
export interface LaterVersion {
  readonly version: number;
  readonly changes: readonly OperatorChange[];
}

export interface OperatorDocumentation {
  readonly domain: string;
  readonly name: string;
  /** The version that is documented: the newest one that the operator set has. */
  readonly since: number;
  readonly deprecated: boolean;
  readonly sentence?: string;
  readonly attributes: readonly AttributeDocumentation[];
  readonly inputs: readonly ValueFact[];
  readonly outputs: readonly ValueFact[];
  readonly leastInputs?: number;
  readonly later: readonly LaterVersion[];
}

/**
 * The documentation that holds at a version of the operator's set.
 * @param domain "" or "ai.onnx" for the standard operators.
 * @param version of the operator set; undefined = the newest.
 * @returns undefined where no such operator is known, or none so early.
 */
export function documentation(
  operators: Operators,
  domain: string,
  name: string,
  version: number | undefined,
): OperatorDocumentation | undefined {
  const facts = operators.find(domain, name);
  const index = facts?.versions.findLastIndex(({ since }) => since <= (version ?? Infinity)) ?? -1;
  const valid = facts?.versions[index];
  if (facts === undefined || valid === undefined) return undefined;
  const { since, deprecated, inputs, outputs, leastInputs } = valid;
  return {
    domain: facts.domain,
    name: facts.name,
    since,
    deprecated,
    ...(facts.sentence === undefined ? {} : { sentence: facts.sentence }),
    attributes: valid.attributes.map((attribute) => attributeDocumentation(facts, attribute)),
    inputs,
    outputs,
    ...(leastInputs === undefined ? {} : { leastInputs }),
    later: laterVersions(facts.versions, index),
  };
}

function attributeDocumentation(facts: OperatorFacts, attribute: AttributeFact): AttributeDocumentation {
  const { name, type, required } = attribute;
  const stated = attribute.default === undefined ? undefined : attributeWords(name, defaultText(attribute.default));
  const words = required ? undefined : (stated ?? facts.impliedDefaults.get(name));
  return { name, type, required, ...(words === undefined ? {} : { default: words }) };
}

function laterVersions(versions: readonly OperatorVersion[], index: number): LaterVersion[] {
  return versions.slice(index + 1).map((version, offset) => ({
    version: version.since,
    changes: versionChanges(versions[index + offset] ?? version, version),
  }));
}
