/** Where a model's inputs come from: what the person chose, else the recipe file beside the model, else a guess. */
import { dirname, parse } from 'node:path';
import { recipeForChosen } from '../core/dataset/chosen.js';
import { baseName, readText } from '../core/dataset/data-files.js';
import type { Dataset } from '../core/dataset/dataset.js';
import { describeInputs } from '../core/dataset/describe.js';
import { guessRecipe } from '../core/dataset/guess.js';
import { inputHints } from '../core/dataset/input-hints.js';
import { inputNotes } from '../core/dataset/input-notes.js';
import { openDataset, type DatasetOptions, type OpenedDataset } from '../core/dataset/open-dataset.js';
import { openPrompts, type Prompts } from '../core/dataset/prompts.js';
import { MAXIMUM_RECIPE_BYTES, parseRecipe } from '../core/dataset/parse-recipe.js';
import { recipePathFor } from '../core/dataset/recipe-path.js';
import type { Recipe } from '../core/dataset/recipe.js';
import { asProblem, ProblemError, type Problem } from '../core/errors.js';
import { dataFiles } from '../node/data-files.js';
import type { InputsDescription } from '../protocol/inspection.js';
import type { Graph } from '../core/graph/graph.js';

export interface Inputs {
  description(): InputsDescription;
  /** @throws ProblemError why the inputs cannot be used. */
  dataset(): Dataset;
  /** The same inputs with something else in their place, to compare with. @throws ProblemError as opening them does. */
  control(control: NonNullable<DatasetOptions['control']>): Promise<Dataset>;
  /** For texts that a person types, with the present recipe’s tokenizer. @throws ProblemError as opening it does. */
  prompts(): Promise<Prompts>;
  /** Uses a recipe that the person chose; with none, goes back to the file beside the model or the guess. */
  set(recipe: Recipe | undefined): Promise<void>;
  /** The recipe for a file or folder that the person chose; the ranges that were stated stay. */
  recipeFor(path: string, input?: string, tokenizer?: string): Promise<Recipe>;
}

export interface InputsOptions {
  /** Inputs at most, where the recipe does not say. */
  readonly limit: number;
  /** A recipe file may name any path of this machine; otherwise only what lies in the model's folder. */
  readonly anywhere: boolean;
  /** Inputs at most, whatever the recipe says. */
  readonly most?: number;
  readonly chosen?: Recipe;
}

interface Present {
  readonly description: InputsDescription;
  readonly dataset: OpenedDataset | Problem;
}

/** @param path absolute path of the model */
export async function createInputs(path: string, graph: Graph, options: InputsOptions): Promise<Inputs> {
  const folder = dirname(path);
  const modelInputs = graph.inputs;
  const hints = inputHints(graph);
  const everywhere = [parse(folder).root];
  const beside = dataFiles({ folder, root: folder });
  const byRecipe = options.anywhere ? dataFiles({ folder, root: everywhere[0] ?? folder, chosen: everywhere }) : beside;
  // Choosing a path in a dialog is the person's own permission to read it.
  const byHand = dataFiles({ folder, root: everywhere[0] ?? folder, chosen: everywhere });

  const openedBy = (
    recipe: Recipe,
    origin: InputsDescription['origin'],
    control?: DatasetOptions['control'],
  ): Promise<OpenedDataset> => {
    const limited = options.most === undefined ? recipe : { ...recipe, limit: options.most };
    return openDataset(limited, modelInputs, origin === 'chosen' ? byHand : byRecipe, {
      limit: options.limit,
      hints,
      modelName: parse(path).name,
      ...(control === undefined ? {} : { control }),
    });
  };

  const present = async (recipe: Recipe, origin: InputsDescription['origin'], problem?: Problem): Promise<Present> => {
    const dataset = problem ?? (await openedBy(recipe, origin).catch(asExpected));
    const opened = 'batch' in dataset ? dataset : undefined;
    const lines = describeInputs(recipe, modelInputs, origin, {
      hints,
      ...(opened === undefined ? {} : { size: opened.size, lines: opened.lines }),
    });
    return {
      dataset,
      description: {
        recipe,
        origin,
        lines,
        notes: opened === undefined ? [] : await inputNotes(opened),
        synthetic: lines.some(({ synthetic }) => synthetic),
        ...(opened === undefined ? { problem: dataset as Problem } : { size: opened.size }),
      },
    };
  };

  const find = async (chosen: Recipe | undefined): Promise<Present> => {
    if (chosen !== undefined) return present(chosen, 'chosen');
    const recipeName = baseName(recipePathFor(path).replaceAll('\\', '/'));
    if ((await beside.facts(recipeName))?.kind === 'file') {
      try {
        return await present(parseRecipe(await readText(beside, recipeName, MAXIMUM_RECIPE_BYTES)), 'file');
      } catch (error) {
        const found = await asExpected(error);
        return present({ version: 1, inputs: {} }, 'file', {
          ...found,
          place: [recipeName, found.place].filter(Boolean).join(', '),
        });
      }
    }
    const modelName = parse(path).name;
    return present(await guessRecipe(modelInputs, beside, { modelName, hints }), 'guessed');
  };

  let now = await find(options.chosen);
  return {
    description: () => now.description,
    dataset() {
      if ('batch' in now.dataset) return now.dataset;
      throw new ProblemError(now.dataset);
    },
    control: (control) => openedBy(now.description.recipe, now.description.origin, control),
    prompts() {
      const { recipe, origin } = now.description;
      // As the inputs themselves are read: what a recipe may not name, no prompt reads either.
      const files = origin === 'chosen' ? byHand : byRecipe;
      return openPrompts(recipe, modelInputs, files, { hints, modelName: parse(path).name });
    },
    async set(recipe) {
      now = await find(recipe);
    },
    async recipeFor(chosenPath, input, tokenizer) {
      const recipe = await recipeForChosen(chosenPath, modelInputs, byHand, {
        hints,
        modelName: parse(path).name,
        ...(input === undefined ? {} : { input }),
        ...(tokenizer === undefined ? {} : { tokenizer }),
      });
      // What inputs can be was stated of the model, not of the file that they come from.
      const { box } = now.description.recipe;
      return box === undefined ? recipe : { ...recipe, box };
    },
  };
}

/** What is wrong with inputs is shown, not thrown; our own defects stay errors. */
async function asExpected(error: unknown): Promise<Problem> {
  if (error instanceof ProblemError) return asProblem(error);
  throw error;
}
