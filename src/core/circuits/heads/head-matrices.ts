/**
 * What weights alone say of heads (formats section 4, items 5 and 8): a direction of the residual stream behind a head, as
 * a direction before it, u = W_V W_O v. Patterns and normalisations are left out; matrices are as the network has them,
 * wherever they lie and whichever way round.
 */
import { ProblemError, throwIfCancelled } from '../../errors.js';
import { usedFeeds } from '../../engine/used-feeds.js';
import type { SystemModel } from '../../linear/system-graphs.js';
import type { KnownShapes } from '../../rewrite/linearize/plan.js';
import { floatsOf, floatTensor, isFloatType } from '../../tensor/floats.js';
import { elementCount } from '../../tensor/tensor.js';
import { headsOf, layoutOf, type LeftAttention } from './cut-heads.js';
import { openLinearReader } from '../linear-reader.js';
import type { LayerAttention } from '../placing.js';

export interface HeadDirection {
  readonly layer: number;
  /** Of queries. */
  readonly head: number;
  /** W_V W_O v, [width]. */
  readonly direction: Float32Array;
  readonly norm: number;
}

/**
 * @param direction v, as wide as what attention adds to the residual stream.
 * @returns all heads of the layers, the largest norm first.
 * @throws ProblemError as the engine does; CancelledError.
 */
export async function behindHeads(
  model: SystemModel,
  shapes: KnownShapes,
  positions: number,
  attention: readonly LayerAttention[],
  direction: Float32Array,
  signal?: AbortSignal,
): Promise<{ readonly heads: readonly HeadDirection[]; readonly left: readonly LeftAttention[] }> {
  const heads: HeadDirection[] = [];
  const left: LeftAttention[] = [];
  for (const each of attention) {
    throwIfCancelled(signal);
    const found = await ofLayer(model, shapes, positions, each, direction);
    if (typeof found === 'string') left.push({ layer: each.layer, reason: found });
    else heads.push(...found.map((u, head) => ({ layer: each.layer, head, direction: u, norm: normOf(u) })));
  }
  return { heads: heads.sort((a, b) => b.norm - a.norm), left };
}

/** By head; a reason where its matrices cannot be told apart. */
async function ofLayer(
  model: SystemModel,
  shapes: KnownShapes,
  positions: number,
  attention: LayerAttention,
  direction: Float32Array,
): Promise<readonly Float32Array[] | string> {
  const { operator, input, z, output, heads: stated } = attention;
  const { cut, left } = headsOf(model.prepared, shapes, [attention], positions);
  const [values] = cut;
  if (values === undefined) return left[0]?.reason ?? 'Its heads cannot be told apart.';
  if (input === undefined) return 'Queries, keys and values come from no one value.';
  if (output === undefined) return 'No output projection follows it.';
  const mixed = layoutOf(shapes.shapeOf(z) ?? [], operator === 'Softmax', stated, positions);
  if (typeof mixed === 'string') return mixed;
  if (shapes.shapeOf(output)?.at(-1) !== direction.length)
    return 'What it adds is not as wide as the target’s direction.';
  const [behind] = await pulled(model, shapes, z, output, [{ at: 0, row: direction }]);
  if (behind === undefined) return 'Its output does not depend on its heads.';
  const seeds = Array.from({ length: mixed.heads }, (_, head) => ({
    at: values.at(Math.floor(head / values.sharing), 0),
    row: behind.subarray(mixed.at(head, 0), mixed.at(head, 0) + mixed.depth),
  }));
  const before = await pulled(model, shapes, input, values.value, seeds);
  const width = shapes.shapeOf(input)?.at(-1) ?? 0;
  return before.length === 0
    ? 'What it weighs is no projection of what its queries are projected from.'
    : before.map((row) => row.slice(0, width));
}

/** Rows of a linear map between two values at their first position; none where nothing leads from one to the other. */
async function pulled(
  model: SystemModel,
  shapes: KnownShapes,
  from: string,
  to: string,
  seeds: readonly { readonly at: number; readonly row: Float32Array }[],
): Promise<readonly Float32Array[]> {
  const type = shapes.typeOf(to);
  const dims = shapes.shapeOf(to) ?? [];
  if (!isFloatType(type)) return [];
  try {
    const { session, written } = await openLinearReader(model, shapes, [from], to, 'transpose');
    try {
      const size = elementCount(dims);
      const values = new Float32Array(seeds.length * size);
      seeds.forEach(({ at, row }, seed) => values.set(row, seed * size + at));
      const seed = floatTensor(type, [seeds.length, ...dims], values);
      const found = (await session.run(usedFeeds(session, { [written.seeds.get(to) ?? '']: seed })))[
        written.transpose.get(from) ?? ''
      ];
      if (found === undefined) return [];
      const rows = floatsOf(found);
      const width = rows.length / seeds.length;
      return seeds.map((_, at) => rows.subarray(at * width, (at + 1) * width));
    } finally {
      await session.release();
    }
  } catch (error) {
    if (error instanceof ProblemError && error.problem.kind === 'not-applicable') return [];
    throw error;
  }
}

function normOf(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
