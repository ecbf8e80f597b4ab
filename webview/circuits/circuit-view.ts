/** How a person left the picture of one circuit, so that it comes back as it was. */
import type { CircuitNodes } from '../../src/protocol/circuits.js';
import { NO_ARRANGEMENT, type Arrangement } from './arrangement.js';

/** What is looked at: one node, or a group by the node that stands for it. */
export interface Chosen {
  readonly node: number;
  readonly together: boolean;
}

export interface CircuitView {
  /** Of which circuit: its nodes are numbers, and mean nothing in another. */
  readonly of: string;
  /** Of the influence, that the nodes shown hold. */
  readonly share: number;
  readonly chosen: Chosen | undefined;
  readonly arrangement: Arrangement;
  /** Earlier arrangements, the latest last. */
  readonly past: readonly Arrangement[];
}

/** As in circuit-tracer (formats 3.5). */
const FIRST_SHARE = 0.8;
const MOST_PAST = 50;

/** Names a circuit by what its nodes are: found again, it has the same name. FNV-1a in 32 bits. */
export function circuitName({ kind, layer, position, feature }: CircuitNodes): string {
  let hash = 0x811c9dc5;
  const add = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x01000193);
  };
  for (const column of [kind, layer, position, feature]) for (const value of column) add(value);
  return `${kind.length} ${(hash >>> 0).toString(16)}`;
}

/** The view that was left, where it is of this circuit. */
export function viewOf(left: CircuitView | undefined, of: string): CircuitView {
  if (left?.of === of) return left;
  return { of, share: FIRST_SHARE, chosen: undefined, arrangement: NO_ARRANGEMENT, past: [] };
}

/** A new arrangement, which can be undone. What is looked at stays where it still is. */
export function arranged(view: CircuitView, arrangement: Arrangement): CircuitView {
  const past = [...view.past, view.arrangement].slice(-MOST_PAST);
  return { ...view, arrangement, past, chosen: stillThere(view.chosen, arrangement) };
}

export function undone(view: CircuitView): CircuitView {
  const arrangement = view.past.at(-1);
  if (arrangement === undefined) return view;
  return { ...view, arrangement, past: view.past.slice(0, -1), chosen: stillThere(view.chosen, arrangement) };
}

function stillThere(chosen: Chosen | undefined, { groups }: Arrangement): Chosen | undefined {
  if (chosen?.together !== true) return chosen;
  return groups.some(({ nodes }) => nodes[0] === chosen.node) ? chosen : undefined;
}
