/**
 * Which numbers of which values have to leave together. A unit is an index along one axis of a value (a channel, a neuron,
 * behind a flattening a block of columns); whatever works on each unit by itself ties its indices to those of its operands.
 * What is tied leaves together or stays.
 */
import { problem } from '../../errors.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import type { ConcreteShapes } from '../infer-shapes.js';

/** A value whose units are followed along one axis. */
export interface FollowedValue {
  readonly value: string;
  readonly axis: number;
  readonly size: number;
  /** Number of its first unit among all units of all values. */
  readonly first: number;
}

/** A constant operand that loses the slices of the units that a value loses. */
export interface Slice {
  readonly kind: 'slice';
  readonly node: GraphNode;
  readonly position: number;
  readonly axis: number;
  readonly by: string;
}

/** Where the units of a value end: each has a slice of the weights that multiply it. */
export interface Reading {
  readonly kind: 'reading';
  readonly node: GraphNode;
  readonly value: string;
  /** Axis of the weights (the operand at `position`) that counts these units. */
  readonly position: number;
  readonly axis: number;
}

/** What else of a node counts units: groups of a convolution, sizes in the target of a reshape, sizes of a split. */
export type Recount =
  | { readonly kind: 'groups'; readonly node: GraphNode; readonly by: string }
  | { readonly kind: 'target'; readonly node: GraphNode; readonly axis: number; readonly by: string }
  | { readonly kind: 'split'; readonly node: GraphNode };

export type Edit = Slice | Reading | Recount;

/** Where an element of one value lies in another: `(outer · size + unit) · inner + site`. */
export interface Spread {
  readonly outer: number;
  readonly inner: number;
}

/** What a node ties together: unit k of `from` is unit k + offset of `to`, or the elements of its spread. */
export interface Tie extends Spread {
  readonly from: FollowedValue;
  readonly to: FollowedValue;
  readonly offset: number;
}

/** What the rule of an operator says of a node. */
export interface Coupler {
  readonly graph: Graph;
  /** Undefined where the value is not followed. */
  axisOf(value: string): number | undefined;
  shapeOf(value: string): readonly number[] | undefined;
  /** Follows a value along an axis, tied to nothing yet. */
  begin(value: string, axis: number): void;
  /** Unit k of `from` is unit k + offset of `to` along `axis`, or the elements of its spread. */
  tie(from: string, to: string, axis: number, how?: { readonly offset?: number; readonly spread?: Spread }): void;
  edit(edit: Edit): void;
  /** The units of a value stay. @param reason ends "It stays, because …". */
  block(value: string, reason: string): void;
}

/** Says what a node ties together, as far as its operands and results are followed; called again when more of them are. */
export type CouplingRule = (node: GraphNode, coupler: Coupler) => void;

export interface Coupling {
  readonly followed: ReadonlyMap<string, FollowedValue>;
  readonly edits: readonly Edit[];
  tiesOf(node: GraphNode): readonly Tie[];
  /** Units of all values. */
  readonly count: number;
  /** The same number for all units that leave together. */
  classOf(unit: number): number;
  /** Why it cannot leave, as far as the graph tells. */
  blockOf(unit: number): string | undefined;
}

/** Units of all values that are followed at most: more are no network that this was made for. */
const MOST_UNITS = 2 ** 25;

/** Follows the units of `starts` wherever they go. @throws ProblemError `not-applicable` where there are too many. */
export function coupleUnits(
  graph: Graph,
  shapes: ConcreteShapes,
  starts: readonly { readonly value: string; readonly axis: number }[],
  ruleOf: (node: GraphNode) => CouplingRule,
): Coupling {
  const followed = new Map<string, FollowedValue>();
  const edits = new Map<string, Edit>();
  const parents: number[] = [];
  const blocks = new Map<number, string>();
  const open: FollowedValue[] = [];
  const ties = new Map<GraphNode, Tie[]>();

  const root = (unit: number): number => {
    let at = unit;
    for (let next = parents[at] as number; next !== at; next = parents[at] as number) {
      parents[at] = parents[next] as number;
      at = parents[at] as number;
    }
    return at;
  };
  const unite = (a: number, b: number): void => {
    const [one, other] = [root(a), root(b)];
    if (one !== other) parents[Math.max(one, other)] = Math.min(one, other);
  };
  const blockAll = ({ first, size }: FollowedValue, reason: string): void => {
    for (let unit = first; unit < first + size; unit++) if (!blocks.has(unit)) blocks.set(unit, reason);
  };
  const shapeOf = (value: string): readonly number[] | undefined => shapes.shapeOf(value);

  const follow = (value: string, axis: number): FollowedValue | undefined => {
    const known = followed.get(value);
    if (known !== undefined) return known.axis === axis ? known : undefined;
    const size = shapeOf(value)?.[axis];
    if (size === undefined) return undefined;
    if (parents.length + size > MOST_UNITS) {
      throw problem('not-applicable', 'The units of this network are too many to follow where each of them goes.');
    }
    const added: FollowedValue = { value, axis, size, first: parents.length };
    for (let unit = 0; unit < size; unit++) parents.push(parents.length);
    followed.set(value, added);
    open.push(added);
    return added;
  };

  const couplerOf = (node: GraphNode): Coupler => ({
    graph,
    axisOf: (value) => followed.get(value)?.axis,
    shapeOf,
    begin: (value, axis) => void follow(value, axis),
    tie(from, to, axis, { offset = 0, spread = { outer: 1, inner: 1 } } = {}) {
      const source = followed.get(from);
      if (source === undefined) return;
      const target = follow(to, axis);
      const { outer, inner } = spread;
      if (target === undefined || offset + outer * source.size * inner > target.size) {
        blockAll(source, 'it is not known along which axis its units go on');
        if (target !== undefined) blockAll(target, 'it is not known along which axis its units go on');
        return;
      }
      const own = ties.get(node) ?? [];
      const isKnown = own.some((tie) => tie.from === source && tie.to === target && tie.offset === offset);
      if (isKnown) return;
      ties.set(node, [...own, { from: source, to: target, offset, outer, inner }]);
      for (let unit = 0; unit < source.size; unit++) {
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++) {
            unite(source.first + unit, target.first + offset + (o * source.size + unit) * inner + i);
          }
        }
      }
    },
    edit(edit) {
      const place = 'position' in edit ? `${edit.position} ${edit.axis}` : '';
      edits.set(`${edit.kind} ${edit.node.index} ${place}`, edit);
    },
    block(value, reason) {
      const known = followed.get(value);
      if (known !== undefined) blockAll(known, reason);
    },
  });

  for (const { value, axis } of starts) follow(value, axis);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value } = next;
    if (graph.isOutput(value)) blockAll(next, 'it is an output of the model');
    const maker = graph.producerOf(value);
    if (maker === undefined) blockAll(next, 'it is an input of the model');
    else ruleOf(maker)(maker, couplerOf(maker));
    for (const reader of graph.consumersOf(value)) {
      // A body that captures the value is no operand.
      if (!reader.inputs.includes(value)) blockAll(next, `a body of ${reader.opType} reads it`);
      else ruleOf(reader)(reader, couplerOf(reader));
    }
  }

  const reasons = new Map<number, string>();
  for (const [unit, reason] of blocks) {
    const key = root(unit);
    if (!reasons.has(key)) reasons.set(key, reason);
  }
  return {
    followed,
    edits: [...edits.values()],
    tiesOf: (node) => ties.get(node) ?? [],
    count: parents.length,
    classOf: root,
    blockOf: (unit) => reasons.get(root(unit)),
  };
}
