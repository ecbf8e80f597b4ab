import type { BatchPlan } from './batch-axes.js';
import { type DataFiles, readText } from './data-files.js';
import { madeUpShape, takesSound, type Surroundings } from './example-shapes.js';
import { isTokenLike, type InputHints } from './model-input.js';
import type { Recipe, TestDataRecipe } from './recipe.js';
import { type FilledInput, isAttentionMask } from './roles.js';
import { bind, type Bound } from './shapes.js';
import { arraySource } from './sources/array.js';
import { constantSource } from './sources/constant.js';
import type { ExampleSource } from './sources/example-source.js';
import { imageSource } from './sources/images.js';
import { maskSource } from './sources/mask.js';
import { promptSource, type Prompt } from './sources/prompt.js';
import { syntheticSource } from './sources/synthetic.js';
import { testDataSources } from './sources/test-data.js';
import { type TextSource, textSource, tokenizerFor } from './sources/text.js';
import type { FileTokenizer } from './text/tokenizer.js';
import { MAXIMUM_TOKENIZER_BYTES, parseTokenizer, plainTokenIds, type TokenText } from './token-text.js';

export interface SourceOptions {
  /** Examples that a run takes: of text, no more is read than that. */
  readonly limit: number;
  readonly hints?: InputHints;
  /** Without its ending: a tokenizer may be named after the model. */
  readonly modelName?: string;
  /** Stands in place of what the recipe has for its input. */
  readonly prompt?: Prompt;
}

/**
 * A source for every input. Data is opened first, since it settles the model's open dimensions; then come made-up
 * values, and last what is filled in by convention (masks, positions), which follows both.
 * @throws ProblemError as the sources do.
 */
export async function openSources(
  filled: readonly FilledInput[],
  plan: BatchPlan,
  recipe: Recipe,
  files: DataFiles,
  { limit, hints, modelName, prompt }: SourceOptions,
): Promise<ReadonlyMap<string, ExampleSource>> {
  const modelInputs = filled.map(({ input }) => input);
  const tokenizer = await textTokenizer(filled, recipe, files, modelName);
  const tokens = await tokenTexts(filled, recipe, files, hints, tokenizer);
  const sources = new Map<string, ExampleSource>();
  const bound: Bound = new Map();
  let mainLength: number | undefined;
  let text: TextSource | undefined;
  const settle = (each: FilledInput, source: ExampleSource): void => {
    sources.set(each.input.name, source);
    if (source.shape === undefined) return;
    bind(bound, each.input, source.wholeInput ? undefined : plan.axes.get(each.input.name), source.shape);
    if (!each.conventional) mainLength ??= source.shape[0];
  };

  for (const each of filled) {
    const { input } = each;
    const axis = plan.axes.get(input.name);
    if (prompt?.input === input.name) {
      text = promptSource(input, axis, prompt);
      settle(each, text);
      continue;
    }
    if (each.recipe.source === 'images') settle(each, await imageSource(input, each.recipe, axis, files));
    if (each.recipe.source === 'text' && tokenizer !== undefined) {
      const opened = await textSource(input, each.recipe, axis, files, tokenizer, hints?.get(input.name), limit);
      text ??= opened;
      settle(each, opened);
    }
    if (each.recipe.source === 'array' || each.recipe.source === 'tokens') {
      settle(each, await arraySource(input, each.recipe, axis, files, tokens.get(input.name)));
    }
  }
  for (const [path, group] of testDataGroups(filled)) {
    const inputs = group.map(({ input }) => input);
    const opened = await testDataSources(inputs, modelInputs, path, plan, files, tokens);
    for (const each of group) settle(each, opened.get(each.input.name) as ExampleSource);
  }
  const around = (): Surroundings => ({ bound, mainLength, sound: takesSound(modelInputs) });
  for (const each of filled) {
    if (each.recipe.source !== 'synthetic') continue;
    const axis = plan.axes.get(each.input.name);
    const shape = madeUpShape(each, axis, around());
    settle(each, syntheticSource(each.input, each.recipe, shape, axis === undefined, tokens.get(each.input.name)));
  }
  for (const each of filled) {
    if (each.recipe.source !== 'constant') continue;
    const axis = plan.axes.get(each.input.name);
    const shape = madeUpShape(each, axis, around());
    // What a recipe says itself is taken at its word.
    const masksText = each.filled !== undefined && isAttentionMask(each.input);
    settle(
      each,
      masksText && text !== undefined
        ? maskSource(each.input, text, shape, axis === undefined)
        : constantSource(each.input, each.recipe, shape, axis === undefined),
    );
  }
  return sources;
}

function testDataGroups(filled: readonly FilledInput[]): ReadonlyMap<string, readonly FilledInput[]> {
  const groups = new Map<string, FilledInput[]>();
  for (const each of filled) {
    if (each.recipe.source !== 'test-data') continue;
    const { path } = each.recipe satisfies TestDataRecipe;
    groups.set(path, [...(groups.get(path) ?? []), each]);
  }
  return groups;
}

/** The tokenizer of the inputs that are text. */
async function textTokenizer(
  filled: readonly FilledInput[],
  recipe: Recipe,
  files: DataFiles,
  modelName: string | undefined,
): Promise<FileTokenizer | undefined> {
  const first = filled.map((each) => each.recipe).find(({ source }) => source === 'text');
  return first?.source === 'text' ? tokenizerFor(first, recipe.tokenizer, files, modelName) : undefined;
}

/** How to show the inputs that are tokens: as the tokenizer's text, as numbers without one. */
async function tokenTexts(
  filled: readonly FilledInput[],
  recipe: Recipe,
  files: DataFiles,
  hints: InputHints | undefined,
  tokenizer: FileTokenizer | undefined,
): Promise<ReadonlyMap<string, TokenText>> {
  const read = async (path: string): Promise<TokenText> =>
    parseTokenizer(await readText(files, path, MAXIMUM_TOKENIZER_BYTES), path);
  const text = tokenizer?.text ?? (recipe.tokenizer === undefined ? plainTokenIds : await read(recipe.tokenizer));
  const isTokens = ({ input, recipe: own }: FilledInput): boolean =>
    own.source === 'tokens' || (own.source !== 'images' && isTokenLike(input, hints?.get(input.name)));
  return new Map(filled.filter(isTokens).map(({ input }) => [input.name, text]));
}
