/**
 * Names for values that play a role. `role` is one of the canonical points of formats 2.1; `hooks` are the names that
 * TransformerLens and the dictionaries trained with it use for the same numbers (in another layout where heads are
 * parted). MLP blocks outside of a residual stream have roles but no hook names.
 */
import type { Embedding, Unembedding } from './embedding.js';
import type { MlpBlock } from './mlp-blocks.js';
import type { TransformerLayer } from './transformer-layers.js';

export type RoleGroup = 'embedding' | 'residual' | 'attention' | 'mlp' | 'normalisation' | 'unembedding';

export interface RolePoint {
  readonly value: string;
  /** "mlp_act", "resid_post". */
  readonly role: string;
  readonly group: RoleGroup;
  /** L of "blocks.L", where the value belongs to a layer. */
  readonly layer?: number;
  /** For a person: "layer 3", or what the MLP block is called. */
  readonly place: string;
  /** "blocks.3.mlp.hook_post"; the first is the usual one. */
  readonly hooks: readonly string[];
}

export function embeddingPoints(embeddings: readonly Embedding[], hasLayers: boolean): readonly RolePoint[] {
  return embeddings.map(({ kind, output }) => ({
    value: output,
    role: kind === 'token' ? 'embeddings' : 'position embeddings',
    group: 'embedding',
    place: 'input',
    hooks: hasLayers ? [kind === 'token' ? 'hook_embed' : 'hook_pos_embed'] : [],
  }));
}

export function unembeddingPoints({ norm, output }: Unembedding): readonly RolePoint[] {
  const common = { group: 'unembedding', place: 'output' } as const;
  return [
    ...(norm?.normalized === undefined
      ? []
      : [
          {
            ...common,
            value: norm.normalized,
            role: 'final norm before the gain',
            hooks: ['ln_final.hook_normalized'],
          },
        ]),
    ...(norm === undefined
      ? []
      : [{ ...common, value: norm.output, role: 'final_norm', hooks: ['ln_final.hook_out'] }]),
    { ...common, value: output, role: 'lm_head', hooks: ['unembed.hook_out'] },
  ];
}

export function layerPoints(layer: TransformerLayer): readonly RolePoint[] {
  const { index, attention, mlp, attentionNorm, mlpNorm, attentionAdds, mlpAdds } = layer;
  const point = (group: RoleGroup, value: string | undefined, role: string, ...hooks: string[]): RolePoint[] =>
    value === undefined
      ? []
      : [
          {
            value,
            role,
            group,
            layer: index,
            place: `layer ${index}`,
            hooks: hooks.map((hook) => `blocks.${index}.${hook}`),
          },
        ];
  // Queries, keys and values of one product have one value between them, and no name of their own.
  const isPacked = attention?.query !== undefined && attention.query === attention.key;
  const rawAttention = attention?.output === attentionAdds ? undefined : attention?.output;
  const rawMlp = mlp?.output === mlpAdds ? undefined : mlp?.output;
  return [
    ...point('residual', layer.residualBefore, 'resid_pre', 'hook_resid_pre'),
    ...point('normalisation', attentionNorm?.normalized, 'attention norm before the gain', 'ln1.hook_normalized'),
    ...point('attention', attention?.input, 'attn_in', 'attn.hook_in', ...(attentionNorm ? ['ln1.hook_out'] : [])),
    ...(isPacked
      ? point('attention', attention.query, 'query, key and value')
      : [
          ...point('attention', attention?.query, 'query', 'attn.hook_q'),
          ...point('attention', attention?.key, 'key', 'attn.hook_k'),
          ...point('attention', attention?.value, 'value', 'attn.hook_v'),
        ]),
    ...point('attention', attention?.turnedQuery, 'query as multiplied', ...(isPacked ? [] : ['attn.hook_rot_q'])),
    ...point('attention', attention?.turnedKey, 'key as multiplied', ...(isPacked ? [] : ['attn.hook_rot_k'])),
    ...point('attention', attention?.scores, 'attn_scores', 'attn.hook_attn_scores'),
    ...point('attention', attention?.pattern, 'attn_probs', 'attn.hook_pattern'),
    ...point('attention', attention?.z, 'z', 'attn.hook_z'),
    ...point('attention', rawAttention, 'attn_out', 'attn.hook_out'),
    ...point(
      'attention',
      attentionAdds,
      rawAttention === undefined ? 'attn_out' : 'attn_out_post',
      'hook_attn_out',
      ...(rawAttention === undefined ? ['attn.hook_out'] : []),
    ),
    ...point('residual', layer.residualMiddle, 'resid_mid', 'hook_resid_mid'),
    ...point('normalisation', mlpNorm?.normalized, 'MLP norm before the gain', 'ln2.hook_normalized'),
    ...point('mlp', mlp?.input, 'mlp_in', 'mlp.hook_in', ...(mlpNorm ? ['ln2.hook_out'] : [])),
    ...point('mlp', mlp?.preActivation, 'mlp_pre', 'mlp.hook_pre'),
    ...point('mlp', linearOf(mlp), 'mlp_pre_linear', 'mlp.hook_pre_linear'),
    ...point('mlp', mlp?.neurons, 'mlp_act', 'mlp.hook_post'),
    ...point('mlp', rawMlp, 'mlp_out', 'mlp.hook_out'),
    ...point(
      'mlp',
      mlpAdds,
      rawMlp === undefined ? 'mlp_out' : 'mlp_out_post',
      'hook_mlp_out',
      ...(rawMlp === undefined ? ['mlp.hook_out'] : []),
    ),
    ...point('residual', layer.residualAfter, 'resid_post', 'hook_resid_post'),
  ];
}

/** The points of an MLP block that adds to no residual stream. */
export function blockPoints(block: MlpBlock): readonly RolePoint[] {
  const values: readonly (readonly [role: string, value: string | undefined])[] = [
    ['mlp_in', block.input],
    ['mlp_pre', block.preActivation],
    ['mlp_pre_linear', linearOf(block)],
    ['mlp_act', block.neurons],
    ['mlp_out', block.output],
  ];
  return values.flatMap(([role, value]) =>
    value === undefined ? [] : [{ value, role, group: 'mlp' as const, place: block.label, hooks: [] }],
  );
}

/** Up of a gated block; where gate and up are halves of one layer, neither has a value of its own here. */
function linearOf(block: MlpBlock | undefined): string | undefined {
  return block?.gate === undefined || block.parts !== undefined ? undefined : block.up.output;
}
