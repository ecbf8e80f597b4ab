/**
 * What can be removed of a network without changing what it computes, and what that saves. Units come with what is known of
 * them and from where: what follows from weights or bounds is proven, what was seen on data is not.
 */
import type { Graph, GraphNode } from '../graph/graph.js';
import { unitAxes } from '../graph/unit-axes.js';
import type { ConcreteShapes } from '../rewrite/infer-shapes.js';
import { removeUnits, type Rewritten } from '../rewrite/remove-units/apply.js';
import type { UnreadColumns } from '../rewrite/remove-units/choose.js';
import type { ReadNumbers } from '../rewrite/remove-units/numbers.js';
import { planRemoval, type RemovalPlan } from '../rewrite/remove-units/plan.js';
import { savingsOf, type Savings } from './savings.js';
import { UNIT_SOURCES, type UnitSource } from './unit-sources.js';

/** What is known of one unit of a value. */
export interface UnitFact {
  readonly source: UnitSource;
  readonly value: string;
  readonly unit: number;
  /** What it is for every input; absent for units that are useless. */
  readonly constant?: number;
}

export interface PruningSubject {
  readonly graph: Graph;
  readonly shapes: ConcreteShapes;
  readonly read: ReadNumbers;
  readonly unread: UnreadColumns;
}

/** A node with weights that loses some of the units that it makes. */
export interface PrunedLayer {
  readonly node: GraphNode;
  readonly units: number;
  /** Units that leave, in rising order, and what each rests on. */
  readonly removed: readonly { readonly unit: number; readonly source: UnitSource }[];
}

export interface Removable {
  readonly plan: RemovalPlan;
  readonly rewritten: Rewritten;
  /** Units that leave: what leaves together (a gate and what it gates, summands) is one. */
  readonly units: number;
  /** Units among them that leave only because of what was seen on data. */
  readonly onDataOnly: number;
  /** Units among them that leave only because of bounds: proven for the inputs in a box. */
  readonly inBoxOnly: number;
  readonly layers: readonly PrunedLayer[];
  /** Units that stay although something is known of them, by reason. */
  readonly kept: readonly { readonly reason: string; readonly units: number }[];
  readonly savings: Savings;
}

/** @throws ProblemError `not-applicable` where a network has too many units to follow; as reading does. */
export async function findRemovable(subject: PruningSubject, facts: readonly UnitFact[]): Promise<Removable> {
  const { graph, shapes, read } = subject;
  const plan = await planOf(subject, facts);
  const proven = facts.filter(({ source }) => source !== 'data');
  // What leaves without any help of data is proven, and what leaves without any help of bounds is so for all inputs.
  const provenPlan = proven.length === facts.length ? plan : await planOf(subject, proven);
  const everywhere = proven.filter(({ source }) => source !== 'bounds');
  const everywherePlan = everywhere.length === proven.length ? provenPlan : await planOf(subject, everywhere);
  const rewritten = await removeUnits(graph, plan.coupling, plan.choice, (value) => shapes.shapeOf(value), read);
  return {
    plan,
    rewritten,
    units: classesOf(plan),
    onDataOnly: classesOf(plan) - classesOf(provenPlan),
    inBoxOnly: classesOf(provenPlan) - classesOf(everywherePlan),
    layers: prunedLayers(plan, provenPlan, facts),
    kept: keptUnits(plan, facts),
    savings: savingsOf(graph, shapes, plan, rewritten),
  };
}

function planOf({ graph, shapes, read, unread }: PruningSubject, facts: readonly UnitFact[]): Promise<RemovalPlan> {
  const axes = new Map<string, number>();
  for (const { value } of facts) {
    if (axes.has(value)) continue;
    const [axis, ...others] = unitAxes(graph, value, shapes.shapeOf(value)?.length ?? 0);
    if (axis !== undefined && others.length === 0) axes.set(value, axis);
  }
  const known = facts.flatMap(({ value, unit, constant }) =>
    constant === undefined ? [] : [{ value, unit, constant }],
  );
  return planRemoval({ graph, shapes, axes, candidates: facts, known, read, unread });
}

function classesOf({ coupling, choice }: RemovalPlan): number {
  const classes = new Set<number>();
  for (const [value, units] of choice.removed) {
    const first = coupling.followed.get(value)?.first ?? 0;
    for (const unit of units) classes.add(coupling.classOf(first + unit));
  }
  return classes.size;
}

/** One entry for each node whose weights lose slices of their outputs. */
function prunedLayers(plan: RemovalPlan, proven: RemovalPlan, facts: readonly UnitFact[]): PrunedLayer[] {
  const { coupling, choice } = plan;
  const sources = new Map<number, UnitSource>();
  for (const { value, unit, source } of facts) {
    const first = coupling.followed.get(value)?.first;
    if (first === undefined) continue;
    const key = coupling.classOf(first + unit);
    const known = sources.get(key);
    // Several things may be known of units that leave together: the strongest is told.
    if (known === undefined || UNIT_SOURCES.indexOf(source) < UNIT_SOURCES.indexOf(known)) sources.set(key, source);
  }
  return [...coupling.followed.values()].flatMap(({ value, size, first }): PrunedLayer[] => {
    const removed = choice.removed.get(value) ?? [];
    const maker = coupling.edits.find(
      (edit) => edit.kind === 'slice' && edit.by === value && isMaker(edit.node, value),
    );
    if (removed.length === 0 || maker === undefined) return [];
    const without = new Set(proven.choice.removed.get(value) ?? []);
    return [
      {
        node: maker.node,
        units: size,
        removed: removed.map((unit) => ({
          unit,
          source: without.has(unit) ? (sources.get(coupling.classOf(first + unit)) ?? 'weights') : 'data',
        })),
      },
    ];
  });
}

const MAKERS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

function isMaker({ opType, outputs }: GraphNode, value: string): boolean {
  return MAKERS.has(opType) && outputs[0] === value;
}

/** Each unit once, however many things are known of it. */
function keptUnits({ coupling, choice }: RemovalPlan, facts: readonly UnitFact[]): Removable['kept'] {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  for (const [at, { value, unit }] of facts.entries()) {
    const reason = choice.reasons[at];
    const first = coupling.followed.get(value)?.first;
    const key = first === undefined ? `${value} ${unit}` : String(coupling.classOf(first + unit));
    if (reason === undefined || seen.has(key)) continue;
    seen.add(key);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, units]) => ({ reason, units })).sort((a, b) => b.units - a.units);
}
