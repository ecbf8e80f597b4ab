import { problem } from '../errors.js';
import { baseName, type DataFiles, folderOf, isAbsolutePath, joinPath, readText } from './data-files.js';
import { isPictureName } from './decode-image.js';
import { fitArray, labelsBeside } from './fit-array.js';
import { completed, dataInputs, imageRecipe, recipeOf } from './guess.js';
import { takesText, textInputs } from './guess-text.js';
import { imageForm, isTokenLike, shapeText, typeText, type InputHints, type ModelInput } from './model-input.js';
import { isArrayName } from './open-array.js';
import { openDataset } from './open-dataset.js';
import { MAXIMUM_RECIPE_BYTES, parseRecipe } from './parse-recipe.js';
import type { InputRecipe, Recipe } from './recipe.js';
import { isBatchName } from './shapes.js';
import { listPictures } from './sources/images.js';
import { missingTokenizer } from './sources/text.js';
import { testSets } from './sources/test-data.js';
import { isTextName } from './text/documents.js';

export interface ChosenContext {
  /** The input that the file is for; where absent, the first that it fits. */
  readonly input?: string;
  /** The tokenizer for a text; where absent, the one beside the model or the text. */
  readonly tokenizer?: string;
  /** The model's file name without its ending. */
  readonly modelName?: string;
  readonly hints?: InputHints;
}

/**
 * The recipe for a file or folder that a person chose: a recipe file, ONNX test data, pictures, text or an array.
 * @param path as `files` understands it.
 * @throws ProblemError `invalid-inputs` that says what would fit the model.
 */
export async function recipeForChosen(
  path: string,
  modelInputs: readonly ModelInput[],
  files: DataFiles,
  context: ChosenContext = {},
): Promise<Recipe> {
  const candidates = dataInputs(modelInputs).filter(({ name }) => name === (context.input ?? name));
  const recipe = await readAs(path, candidates, modelInputs, files, context);
  // What is wrong with it is said now, while the person still looks at what they chose.
  await openDataset(recipe, modelInputs, files, { limit: 1, ...context });
  return recipe;
}

async function readAs(
  path: string,
  candidates: readonly ModelInput[],
  modelInputs: readonly ModelInput[],
  files: DataFiles,
  context: ChosenContext,
): Promise<Recipe> {
  const { hints } = context;
  const facts = await files.facts(path);
  if (facts === undefined) throw unfit(path, 'does not exist', candidates);
  if (facts.kind === 'file' && /\.json$/i.test(path)) {
    return relocated(parseRecipe(await readText(files, path, MAXIMUM_RECIPE_BYTES)), folderOf(path));
  }

  const testFolder = facts.kind === 'file' && /\.pb$/i.test(path) ? folderOf(path) : path;
  if ((await testSets(files, testFolder)).length > 0) {
    return recipeOf(modelInputs.map(({ name }) => [name, { source: 'test-data', path: testFolder }]));
  }
  if (facts.kind === 'folder' || isPictureName(path)) {
    await listPictures(files, path).catch(() => {
      throw unfit(path, 'holds neither pictures nor ONNX test data', candidates);
    });
    const input = candidates.find((each) => imageForm(each) !== undefined);
    const recipe = input === undefined ? undefined : imageRecipe(input, path, hints);
    if (input === undefined || recipe === undefined)
      throw unfit(path, 'holds pictures, which the model does not take', candidates);
    const labels =
      facts.kind === 'folder'
        ? ((await labelsBeside(files, path)) ?? (await labelsBeside(files, folderOf(path))))
        : undefined;
    return withLabels(completed([[input.name, recipe]], modelInputs, hints), labels);
  }
  if (isTextName(path)) {
    const input = candidates.find((each) => takesText(each, hints));
    if (input === undefined) throw unfit(path, 'is text, which the model does not take', candidates);
    const found = await textInputs(path, files, context.modelName);
    const tokenizer = context.tokenizer ?? found.tokenizer;
    if (tokenizer === undefined) throw missingTokenizer(path);
    return { ...completed([[input.name, found.recipe]], modelInputs, hints), tokenizer };
  }
  if (!isArrayName(path)) throw unfit(path, 'is of a kind that cannot be read as inputs', candidates);
  const found: (readonly [string, InputRecipe])[] = [];
  for (const input of context.input === undefined ? modelInputs : candidates) {
    const recipe = await fitArray(input, files, path, hints);
    if (recipe === undefined || !(candidates.includes(input) || recipe.key === input.name)) continue;
    // One array serves one input; an archive can serve several, each by its own key.
    const taken = found.some(([, other]) => 'key' in other && other.key === recipe.key);
    if (found.length === 0 || (recipe.key !== undefined && !taken)) found.push([input.name, recipe]);
  }
  if (found.length === 0) throw unfit(path, 'fits none of the model’s inputs', candidates);
  return withLabels(completed(found, modelInputs, hints), await labelsBeside(files, folderOf(path), path));

  function unfit(place: string, what: string, inputs: readonly ModelInput[]): Error {
    return problem('invalid-inputs', `“${baseName(place)}” ${what}.`, {
      place,
      remedy: `Choose ${inputs.map((input) => wouldFit(input, hints)).join('; or ')}.`,
    });
  }
}

/** A recipe that was read from `folder`: its relative paths start there. */
function relocated(recipe: Recipe, folder: string): Recipe {
  const at = (path: string): string => (isAbsolutePath(path) ? path : joinPath(folder, path));
  const { inputs, labels, tokenizer } = recipe;
  const moved = Object.entries(inputs).map(
    ([name, each]) => [name, 'path' in each ? { ...each, path: at(each.path) } : each] as const,
  );
  return {
    ...recipe,
    ...recipeOf(moved),
    ...(labels === undefined
      ? {}
      : {
          labels: { path: at(labels.path), ...(labels.classes === undefined ? {} : { classes: at(labels.classes) }) },
        }),
    ...(tokenizer === undefined ? {} : { tokenizer: at(tokenizer) }),
  };
}

function withLabels(recipe: Recipe, labels: Recipe['labels']): Recipe {
  return labels === undefined ? recipe : { ...recipe, labels };
}

/** "for “image” (float32[batch, 3, 64, 64]) a folder of PNG or JPEG pictures, or an array of shape […]". */
function wouldFit(input: ModelInput, hints: InputHints | undefined): string {
  const [first, ...rest] = input.shape ?? [];
  const counts = typeof first === 'string' || first === 1 || isBatchName(first);
  const shape = shapeText(['examples', ...(counts ? rest : (input.shape ?? []))]);
  const pictures = imageForm(input) === undefined ? '' : 'a folder of PNG or JPEG pictures, or ';
  const text = takesText(input, hints) ? 'a text (.txt, .jsonl), or ' : '';
  const kind = isTokenLike(input, hints?.get(input.name)) ? 'whole numbers' : 'numbers';
  return `for “${input.name}” (${typeText(input)}) ${pictures}${text}an array of ${kind} (.npy, .npz, IDX) of shape ${shape}`;
}
