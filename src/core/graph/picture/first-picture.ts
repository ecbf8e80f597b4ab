import { isModule, type Module, type ModuleTree } from '../modules.js';

const MINIMUM_FIRST_ITEMS = 8;
const MAXIMUM_FIRST_ITEMS = 40;
const MAXIMUM_BLOCKS = 110;
/** A picture with less would say nothing: then even repeated blocks are opened. */
const FEWEST_ITEMS = 3;

/**
 * The modules to open first: level by level while the picture stays small, then the largest while it is too empty.
 * Blocks that repeat stay closed: one box says how many there are.
 */
export function initialExpansion(tree: ModuleTree): string[] {
  const expanded: string[] = [];
  let count = tree.root.items.length;
  let closed = tree.root.items.filter(isModule);
  const open = (module: Module): Module[] => {
    expanded.push(module.id);
    count += module.items.length;
    return module.items.filter(isModule);
  };
  for (;;) {
    const level = closed.filter(({ blocks }) => blocks === undefined);
    const more = level.reduce((sum, module) => sum + module.items.length, 0);
    if (level.length === 0 || count + more > MAXIMUM_FIRST_ITEMS) break;
    closed = [...closed.filter(({ blocks }) => blocks !== undefined), ...level.flatMap(open)];
  }
  while (count < MINIMUM_FIRST_ITEMS) {
    // A long list of blocks is better than three boxes.
    const fitting = closed.filter(
      ({ blocks, items }) =>
        (blocks === undefined || count < FEWEST_ITEMS) &&
        count + items.length <= (expanded.length === 0 ? MAXIMUM_BLOCKS : MAXIMUM_FIRST_ITEMS),
    );
    const largest = fitting.reduce<Module | undefined>(
      (a, b) => (a === undefined || b.nodeCount > a.nodeCount ? b : a),
      undefined,
    );
    if (largest === undefined) break;
    closed = [...closed.filter((module) => module !== largest), ...open(largest)];
  }
  return expanded;
}
