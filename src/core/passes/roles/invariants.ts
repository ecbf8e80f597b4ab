/** The three invariants of formats 2.1 as claims about a graph: what must equal what, where the roles are right. */
import type { Graph } from '../../graph/graph.js';
import { findRoles, type Attention, type MlpBlock, type TransformerLayer } from '../../graph/roles/roles.js';

export type Invariant = { readonly place: string } & (
  | {
      /** resid_post = resid_pre + attn_out + mlp_out. */
      readonly kind: 'residual';
      readonly terms: readonly string[];
      readonly output: string;
    }
  | {
      /** z = pattern · value, head by head, of the projected value whose features are parted into heads anew. */
      readonly kind: 'heads';
      readonly pattern: string;
      readonly value: string;
      /** Absent where weights are kept per head, so that values have an axis of heads. */
      readonly parted?: { readonly heads: number; readonly keyValueHeads: number };
      readonly output: string;
    }
  | {
      /** mlp_out = down(neurons): the weights of the file, turned as the role says, and the bias. */
      readonly kind: 'down';
      readonly block: MlpBlock;
      readonly output: string;
    }
);

export interface Unchecked {
  readonly place: string;
  readonly equation: string;
  readonly reason: string;
}

export const EQUATIONS: Readonly<Record<Invariant['kind'], string>> = {
  residual: 'resid_post = resid_pre + attn_out + mlp_out',
  heads: 'z = attn_probs · value, per head',
  down: 'mlp_out = down(mlp_act)',
};

/** What can be claimed of a graph, and what cannot, with the reason. */
export function invariantsOf(graph: Graph): {
  readonly invariants: readonly Invariant[];
  readonly unchecked: readonly Unchecked[];
} {
  const { layers, mlpBlocks } = findRoles(graph);
  const placeOf = new Map(layers.flatMap(({ mlp, index }) => (mlp === undefined ? [] : [[mlp, `layer ${index}`]])));
  const invariants: Invariant[] = [];
  const unchecked: Unchecked[] = [];
  for (const layer of layers) {
    const place = `layer ${layer.index}`;
    invariants.push({ kind: 'residual', place, ...sumOf(layer) });
    if (layer.attention === undefined) continue;
    const heads = headsOf(layer.attention);
    if (typeof heads === 'string') unchecked.push({ place, equation: EQUATIONS.heads, reason: heads });
    else invariants.push({ place, ...heads });
  }
  for (const block of mlpBlocks) {
    const place = placeOf.get(block) ?? block.label;
    if (block.down.kind === 'dense') invariants.push({ kind: 'down', place, block, output: block.output });
    else
      unchecked.push({
        place,
        equation: EQUATIONS.down,
        reason: 'a convolution has no other way to be computed than the node itself, which would prove nothing',
      });
  }
  return { invariants, unchecked };
}

function sumOf({ residualBefore, attentionAdds, mlpAdds, residualAfter }: TransformerLayer): {
  readonly terms: readonly string[];
  readonly output: string;
} {
  const terms = [residualBefore, attentionAdds, mlpAdds].filter((term) => term !== undefined);
  return { terms, output: residualAfter };
}

function headsOf(attention: Attention): Omit<Extract<Invariant, { kind: 'heads' }>, 'place'> | string {
  const { pattern, value, z, query, heads, keyValueHeads, weightsPerHead = false } = attention;
  if (pattern === undefined) return `${attention.operator} keeps its pattern to itself`;
  if (value === undefined || value === query) return 'queries, keys and values come from one product';
  if (!(attention.valueIsProjected ?? false)) return 'something else comes between the projected value and the product';
  const common = { kind: 'heads', pattern, value, output: z } as const;
  if (weightsPerHead) return common;
  if (heads === undefined || keyValueHeads === undefined) return 'the number of heads is not known from the structure';
  if (heads % keyValueHeads !== 0)
    return `${heads} heads cannot share ${keyValueHeads} heads of keys and values evenly`;
  return { ...common, parted: { heads, keyValueHeads } };
}
