/** What a person arranged of a circuit: nodes that stay whatever the slider says, and nodes that stand together under a name. */
export interface CircuitGroup {
  readonly name: string;
  /** At least two, those with more influence first: the first stands for all. */
  readonly nodes: readonly number[];
}

export interface Arrangement {
  /** In the order in which they were pinned; what is in a group is not among them. */
  readonly pinned: readonly number[];
  readonly groups: readonly CircuitGroup[];
}

export const NO_ARRANGEMENT: Arrangement = { pinned: [], groups: [] };

const LONGEST_NAME = 80;
export const FEWEST_IN_GROUP = 2;

export function pinNodes({ pinned, groups }: Arrangement, nodes: readonly number[]): Arrangement {
  const known = new Set([...pinned, ...groups.flatMap((group) => group.nodes)]);
  return { pinned: [...pinned, ...nodes.filter((node) => !known.has(node))], groups };
}

export function unpinNodes({ pinned, groups }: Arrangement, nodes: ReadonlySet<number>): Arrangement {
  return { pinned: pinned.filter((node) => !nodes.has(node)), groups };
}

/**
 * Puts nodes together; they leave the groups that they were in, and of a group of which one is left, that one is pinned.
 * @param influence by node.
 */
export function groupNodes(
  { pinned, groups }: Arrangement,
  nodes: ReadonlySet<number>,
  name: string,
  influence: ArrayLike<number>,
): Arrangement {
  if (nodes.size < FEWEST_IN_GROUP) throw new RangeError('A group has at least two nodes.');
  const left = groups.map((group) => ({ ...group, nodes: group.nodes.filter((node) => !nodes.has(node)) }));
  const others = left.filter((group) => group.nodes.length >= FEWEST_IN_GROUP);
  const alone = left.flatMap((group) => (group.nodes.length < FEWEST_IN_GROUP ? group.nodes : []));
  const order = [...nodes].sort((a, b) => (influence[b] ?? 0) - (influence[a] ?? 0) || a - b);
  return {
    pinned: [...pinned.filter((node) => !nodes.has(node)), ...alone],
    groups: [...others, { name: nameOrNumber(name, others), nodes: order }],
  };
}

/** Its nodes stay in the picture: they are pinned. @param first the node that stands for it. */
export function ungroupNodes({ pinned, groups }: Arrangement, first: number): Arrangement {
  const nodes = groups.flatMap((group) => (group.nodes[0] === first ? group.nodes : []));
  return { pinned: [...pinned, ...nodes], groups: groups.filter((group) => group.nodes[0] !== first) };
}

export function renameGroup({ pinned, groups }: Arrangement, first: number, name: string): Arrangement {
  const others = groups.filter((group) => group.nodes[0] !== first);
  const next = nameOrNumber(name, others);
  return { pinned, groups: groups.map((group) => (group.nodes[0] === first ? { ...group, name: next } : group)) };
}

/** The group that a node is in. */
export function groupOf({ groups }: Arrangement, node: number): CircuitGroup | undefined {
  return groups.find(({ nodes }) => nodes.includes(node));
}

/** Nodes that the picture shows, whatever the slider says. */
export function heldNodes({ pinned, groups }: Arrangement): ReadonlySet<number> {
  return new Set([...pinned, ...groups.flatMap(({ nodes }) => nodes)]);
}

/** “group 2” where it is not named. */
function nameOrNumber(name: string, others: readonly CircuitGroup[]): string {
  const given = name.trim().slice(0, LONGEST_NAME);
  if (given !== '') return given;
  const taken = new Set(others.map((group) => group.name));
  let number = 1;
  while (taken.has(`group ${number}`)) number++;
  return `group ${number}`;
}
