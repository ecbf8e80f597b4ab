import type { ModelInput } from './model-input.js';
import type { FilledInput } from './roles.js';
import { isBatchName, isSequenceName } from './shapes.js';

/** How examples lie in the inputs of one run. */
export interface BatchPlan {
  /** Axis that counts examples, by input; undefined: the input has none, its value serves the whole run. */
  readonly axes: ReadonlyMap<string, number | undefined>;
  /** Rows that the graph demands per run; undefined: as many as wanted. */
  readonly fixed: number | undefined;
}

/**
 * Finds the batch axis of every input. A dimension with a batch's name is one; otherwise an open first axis that is not
 * a sequence's; otherwise a fixed first axis, if all data inputs agree on its size.
 */
export function planBatch(inputs: readonly FilledInput[]): BatchPlan {
  const data = inputs.filter(({ conventional }) => !conventional);
  const leading = data.length > 0 ? data : inputs;
  const axes = new Map<string, number | undefined>(leading.map((each) => [each.input.name, dataAxis(each)]));
  const sizes = leading.map(({ input }) => sizeAt(input, axes.get(input.name)));
  const fixedSizes = new Set(sizes.filter((size) => typeof size === 'number'));
  const open = sizes.some((size) => typeof size === 'string');

  let fixed: number | undefined;
  if (
    fixedSizes.has(1) ||
    (fixedSizes.size === 1 && !open && leading.every(({ input }) => axes.get(input.name) !== undefined))
  ) {
    fixed = fixedSizes.has(1) ? 1 : [...fixedSizes][0];
  }
  // A fixed first axis that is not the common batch belongs to the example.
  for (const [i, { input }] of leading.entries()) {
    const size = sizes[i];
    if (typeof size === 'number' && size !== fixed) axes.set(input.name, undefined);
  }

  const batchNames = new Set(sizes.filter((size) => typeof size === 'string' && size !== '?'));
  for (const { input } of inputs.filter((each) => !leading.includes(each))) {
    axes.set(input.name, companionAxis(input, batchNames, fixed));
  }
  if (fixed === undefined && inputs.some(({ input }) => wantsOneExample(input, axes.get(input.name), leading)))
    fixed = 1;
  return { axes, fixed };
}

function sizeAt(input: ModelInput, axis: number | undefined): number | string | undefined {
  return axis === undefined ? undefined : input.shape?.[axis];
}

/** The axis of an input that data fills. */
function dataAxis({ input, recipe }: FilledInput): number | undefined {
  const { shape } = input;
  // Unknown rank: exporters that say nothing still put the batch first.
  if (shape === undefined) return 0;
  const named = shape.findIndex(isBatchName);
  if (named >= 0) return named;
  if (recipe.source === 'images' && shape.length === 3) return undefined;
  const first = shape[0];
  if (first === undefined || first === 0 || isSequenceName(first)) return undefined;
  return typeof first === 'string' || first === 1 || shape.length >= 2 ? 0 : undefined;
}

/** The axis of an input that is filled by convention: a state of shape [2, batch, 128] counts examples second. */
function companionAxis(
  input: ModelInput,
  batchNames: ReadonlySet<number | string | undefined>,
  fixed: number | undefined,
): number | undefined {
  const shape = input.shape ?? [];
  const same = shape.findIndex((size) => batchNames.has(size));
  if (same >= 0) return same;
  const named = shape.findIndex(isBatchName);
  if (named >= 0) return named;
  const open = shape.findIndex((size) => typeof size === 'string' && !isSequenceName(size));
  if (open >= 0) return open;
  return fixed !== undefined && shape.length >= 2 && shape[0] === fixed ? 0 : undefined;
}

/**
 * Whether an input without a batch axis allows one example per run only: data always, and what lies beside the data
 * when it has a fixed 1 where a batch would be, like a state of shape [1, 1, 128]. (A mask of shape [1, 1, 8, 8] might
 * broadcast, but one example per run is right for both.)
 */
function wantsOneExample(input: ModelInput, axis: number | undefined, leading: readonly FilledInput[]): boolean {
  if (axis !== undefined) return false;
  if (leading.some((each) => each.input === input)) return true;
  return (input.shape?.length ?? 0) >= 2 && input.shape?.includes(1) === true;
}
