/** One table: what each operator ties together, and what is known behind it of units that are constant. */
import type { GraphNode } from '../../graph/graph.js';
import type { ConstantRule } from './constants.js';
import type { Coupler, CouplingRule } from './coupling.js';
import { channelWise } from './rules/channel-wise.js';
import { elementwise } from './rules/elementwise.js';
import { layout } from './rules/layout.js';
import { weighted } from './rules/weighted.js';

export interface UnitRule {
  readonly couple: CouplingRule;
  /** Absent where nothing is known behind it. */
  readonly constant?: ConstantRule;
  /** It only moves numbers about: what was constant stays so, wherever it was tied to. */
  readonly moves?: true;
}

const STANDARD: Readonly<Record<string, UnitRule>> = { ...elementwise, ...channelWise, ...layout, ...weighted };

/** Custom operators have no rule: their names say nothing for sure. */
export function unitRuleOf(node: GraphNode): UnitRule {
  const rule = node.domain === '' && Object.hasOwn(STANDARD, node.opType) ? STANDARD[node.opType] : undefined;
  return rule ?? { couple: unknown };
}

function unknown(node: GraphNode, coupler: Coupler): void {
  for (const value of [...node.inputs, ...node.outputs]) {
    coupler.block(value, `${node.opType} works on its units together`);
  }
}
