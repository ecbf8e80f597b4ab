/** Tokenizer files beside a model, best first. */
export function tokenizerNames(modelName: string | undefined): readonly string[] {
  const own =
    modelName === undefined ? [] : ['tokenizer.json', 'vocab.json', 'vocab.txt'].map((n) => `${modelName}.${n}`);
  return [...own, 'tokenizer.json', 'vocab.json', 'vocab.txt'];
}
