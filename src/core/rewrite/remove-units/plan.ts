/** From units that somebody would remove to what can be removed exactly. */
import type { Graph } from '../../graph/graph.js';
import type { ConcreteShapes } from '../infer-shapes.js';
import { chooseUnits, type Candidate, type Choice, type UnreadColumns } from './choose.js';
import { unitConstants, type KnownConstant } from './constants.js';
import { coupleUnits, type Coupling } from './coupling.js';
import { readSmall, type ReadNumbers } from './numbers.js';
import { unitRuleOf } from './rules.js';

export interface RemovalRequest {
  readonly graph: Graph;
  readonly shapes: ConcreteShapes;
  /** Axis that counts the units of each value that candidates and constants name. */
  readonly axes: ReadonlyMap<string, number>;
  readonly candidates: readonly Candidate[];
  /** Units that give the same number for every input. */
  readonly known: readonly KnownConstant[];
  readonly read: ReadNumbers;
  readonly unread: UnreadColumns;
}

export interface RemovalPlan {
  readonly coupling: Coupling;
  readonly choice: Choice;
}

/** @throws ProblemError `not-applicable` where a network has too many units to follow; as reading does. */
export async function planRemoval(request: RemovalRequest): Promise<RemovalPlan> {
  const { graph, shapes, axes, candidates, known, read, unread } = request;
  const starts = [...axes].map(([value, axis]) => ({ value, axis }));
  const coupling = coupleUnits(graph, shapes, starts, (node) => unitRuleOf(node).couple);
  const most = [...coupling.followed.values()].reduce((largest, { size }) => Math.max(largest, size), 1);
  const operands = [...coupling.followed.keys()].flatMap((value) => graph.producerOf(value)?.inputs ?? []);
  const numbers = await readSmall(graph, operands, read, most);
  const constants = unitConstants(graph, shapes, coupling, known, numbers);
  return { coupling, choice: await chooseUnits(graph, coupling, constants, candidates, unread) };
}
