/** The one input of a circuit: a text that the person typed, or one of the present inputs, token by token. */
import type { Dataset } from '../core/dataset/dataset.js';
import { problem } from '../core/errors.js';
import type { NamedTensors } from '../core/tensor/tensor.js';
import type { CircuitRequest, TokenChoice } from '../protocol/circuits.js';
import type { Inputs } from './inputs.js';
import { feedsOf } from './chosen-input.js';

/** Of a text whose circuit is asked for: work grows with the square. */
const MOST_PROMPT_TOKENS = 512;

export interface CircuitInput {
  readonly feeds: NamedTensors;
  readonly tokens: readonly string[];
  readonly ids: readonly number[];
  /** Positions that hold tokens, the first ones. */
  readonly filled: number;
  readonly data: string;
  readonly synthetic: boolean;
  /** How a token of the vocabulary is shown. */
  textOf(token: number): string;
  readonly classes: readonly string[];
}

/** @throws ProblemError as opening inputs does; `not-applicable` where the input is no row of tokens. */
export async function circuitInput(asked: CircuitRequest['input'], inputs: Inputs): Promise<CircuitInput> {
  const dataset = asked.kind === 'prompt' ? await typed(asked.text, inputs) : inputs.dataset();
  const index = asked.kind === 'prompt' ? 0 : asked.index;
  const feeds = await feedsOf(dataset, index);
  const preview = await dataset.preview(index);
  if (preview.kind !== 'tokens') {
    throw problem('not-applicable', 'Circuits are read token by token, and this input is no row of tokens.', {
      remedy: 'Type a text, or choose inputs that are token ids.',
    });
  }
  const { tokens, ids, name } = preview;
  const classes = dataset.classes ?? [];
  return {
    feeds,
    tokens,
    ids,
    filled: await filledOf(dataset, index, tokens.length),
    data: asked.kind === 'prompt' ? `${dataset.description}` : name,
    synthetic: dataset.synthetic,
    textOf: (token) => classes[token] ?? `token ${token}`,
    classes,
  };
}

async function typed(text: string, inputs: Inputs): Promise<Dataset> {
  const prompts = await inputs.prompts();
  const ids = prompts.encode(text);
  if (ids.length > MOST_PROMPT_TOKENS) {
    throw problem('invalid-inputs', `The text has more than ${MOST_PROMPT_TOKENS} tokens.`, { remedy: 'Shorten it.' });
  }
  return prompts.dataset(ids);
}

async function filledOf(dataset: Dataset, index: number, length: number): Promise<number> {
  const { filled } = await dataset.batch(index, index + 1);
  return filled?.[0] ?? length;
}

/** The id of a token that was named by its text, with or without the space before it. @throws ProblemError `not-applicable`. */
export function tokenOf(choice: TokenChoice, { classes }: CircuitInput): number {
  if (typeof choice === 'number') return choice;
  for (const text of [choice, ` ${choice}`]) {
    const found = classes.indexOf(`“${text}”`);
    if (found >= 0) return found;
  }
  if (/^\d+$/.test(choice) && (classes.length === 0 || Number(choice) < classes.length)) return Number(choice);
  throw problem('not-applicable', `“${choice}” is not one token of this model.`, {
    remedy:
      classes.length === 0
        ? 'No tokenizer names the tokens: give the number of one.'
        : 'Give a token as the model’s tokenizer has it, or its number.',
  });
}
