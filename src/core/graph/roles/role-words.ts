/** What a role is, for people who do not know its name: short, for it stands in a column. The stream is the residual stream. */
const WORDS: Readonly<Record<string, string>> = {
  resid_pre: 'stream before layer',
  attn_in: 'what attention reads',
  attn_scores: 'before softmax',
  attn_probs: 'attention pattern',
  z: 'values that heads collected',
  attn_out: 'what attention gives',
  attn_out_post: 'added by attention',
  resid_mid: 'stream after attention',
  mlp_in: 'what the MLP reads',
  mlp_pre: 'before activation',
  mlp_pre_linear: 'other factor',
  mlp_act: 'neurons of the MLP',
  mlp_out: 'what the MLP gives',
  mlp_out_post: 'added by the MLP',
  resid_post: 'stream after layer',
  final_norm: 'last normalisation',
  lm_head: 'scores of tokens',
};

/** “stream before layer (resid_pre)”; what is words already stays as it is. */
export function roleText(role: string): string {
  const words = Object.hasOwn(WORDS, role) ? WORDS[role] : undefined;
  return words === undefined ? role : `${words} (${role})`;
}
