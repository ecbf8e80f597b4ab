/** Situations that the page must look right in. */
export const SCENARIOS = [
  'fresh', 'running', 'done', 'partial', 'synthetic', 'cannot-run', 'bad-inputs', 'failed', 'run-fails', 'dictionary',
  'no-inputs', 'one-input', 'attached', 'attached-large', 'attached-few', 'attached-attention', 'unfit', 'variant', 'circuits',
] as const; // prettier-ignore
export type Scenario = (typeof SCENARIOS)[number];

export const MODELS = ['images', 'text', 'huge', 'hostile', 'branching'] as const;
export type ModelName = (typeof MODELS)[number];
