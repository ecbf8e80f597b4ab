import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Recipe } from '../core/dataset/recipe.js';
import type { EngineName } from '../core/engine/engine.js';
import type { InputsDescription, RunProgress } from '../protocol/inspection.js';
import type { OpenedModel, WorkerApi } from '../protocol/worker-api.js';
import { createInspection } from '../worker/inspection.js';

export interface CliOptions {
  readonly model: string;
  readonly inputs?: string;
  /** Inputs at most, whatever a recipe says; where absent, the recipe's limit or {@link DEFAULT_LIMIT}. */
  readonly limit?: number;
  readonly engine: EngineName | 'automatic';
  readonly threads: number;
}

export const DEFAULT_LIMIT = 200;

interface OpenedInspection {
  readonly inspection: WorkerApi;
  readonly model: OpenedModel;
}

/** Opens a model in this process, with the inputs that were asked for. */
export async function openInspection(
  options: CliOptions,
  onProgress: (progress: RunProgress) => void = () => undefined,
): Promise<OpenedInspection> {
  const inspection = createInspection({
    // The bundle lies in dist/, the engine's wasm files in dist/ort/.
    wasmFolder: fileURLToPath(new URL('./ort/', import.meta.url)),
    events: {
      runProgress: async (progress) => onProgress(progress),
      log: async ({ level, text }) => {
        if (level !== 'info') process.stderr.write(`${text}\n`);
      },
    },
  });
  const opened = await inspection.open({
    path: resolve(options.model),
    recipePaths: 'anywhere',
    settings: {
      engine: options.engine,
      threads: options.threads,
      defaultInputs: options.limit ?? DEFAULT_LIMIT,
      cacheMegabytes: 0,
    },
  });
  const recipe = await chosenRecipe(inspection, opened.inputs, options);
  if (recipe === undefined) return { inspection, model: opened };
  const { inputs } = await inspection.setInputs({ recipe });
  return { inspection, model: { ...opened, inputs } };
}

/** The recipe that the options ask for, where it differs from the one that the model was opened with. */
async function chosenRecipe(
  inspection: WorkerApi,
  opened: InputsDescription,
  { inputs, limit }: CliOptions,
): Promise<Recipe | undefined> {
  if (inputs !== undefined) {
    const recipe = await inspection.recipeFor({ path: resolve(inputs) });
    return limit === undefined ? recipe : { ...recipe, limit };
  }
  const { recipe, problem } = opened;
  // A recipe that cannot be used stays what it is, with its problem: it must not turn into random values.
  if (limit === undefined || recipe.limit === undefined || recipe.limit === limit || problem !== undefined) return;
  return { ...recipe, limit };
}
