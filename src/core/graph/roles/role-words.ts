/** What a role is, for people who do not know its name. */
const WORDS: Readonly<Record<string, string>> = {
  resid_pre: 'residual stream before the layer',
  attn_in: 'what attention reads',
  attn_scores: 'attention scores, before the softmax',
  attn_probs: 'attention pattern, after the softmax',
  z: 'values that a head brings together, before its output weights',
  attn_out: 'what attention gives',
  attn_out_post: 'what attention adds to the residual stream',
  resid_mid: 'residual stream between attention and MLP',
  mlp_in: 'what the MLP reads',
  mlp_pre: 'MLP before its activation function',
  mlp_pre_linear: 'second linear layer of the gated MLP',
  mlp_act: 'neurons of the MLP',
  mlp_out: 'what the MLP gives',
  mlp_out_post: 'what the MLP adds to the residual stream',
  resid_post: 'residual stream after the layer',
  final_norm: 'normalisation before the unembedding',
  lm_head: 'scores of the next token',
};

/** “residual stream before the layer (resid_pre)”; what is words already stays as it is. */
export function roleText(role: string): string {
  const words = Object.hasOwn(WORDS, role) ? WORDS[role] : undefined;
  return words === undefined ? role : `${words} (${role})`;
}
