import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineName } from '../core/engine/engine.js';
import type { Answers } from '../protocol/dictionary.js';
import type { RunProgress } from '../protocol/inspection.js';
import type { OpenedModel, WorkerApi } from '../protocol/worker-api.js';
import { createInspection } from '../worker/inspection.js';

export interface CliOptions {
  readonly model: string;
  readonly inputs?: string;
  /** For inputs that are text. */
  readonly tokenizer?: string;
  /** A dictionary to attach: its file, and what the file leaves open. */
  readonly attached?: { readonly path: string; readonly answers: Answers };
  /** Transcoders to attach: files, or folders with one for each layer. */
  readonly transcoders?: readonly string[];
  /** Inputs at most, whatever a recipe says; where absent, the recipe's limit or {@link DEFAULT_LIMIT}. */
  readonly limit?: number;
  readonly engine: EngineName | 'automatic';
  readonly threads: number;
  /** A share; where absent, 0.01. */
  readonly allowedLossIncrease?: number;
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
    dataFolder: fileURLToPath(new URL('../media/', import.meta.url)),
    events: {
      runProgress: async (progress) => onProgress(progress),
      fileResultChanged: async () => undefined,
      log: async ({ level, text }) => {
        if (level !== 'info') process.stderr.write(`${text}\n`);
      },
    },
  });
  const opened = await inspection.open({
    path: resolve(options.model),
    recipePaths: 'anywhere',
    ...(options.attached === undefined
      ? {}
      : { dictionary: { ...options.attached, path: resolve(options.attached.path) } }),
    ...(options.transcoders === undefined
      ? {}
      : { transcoders: { paths: options.transcoders.map((path) => resolve(path)), answers: {} } }),
    settings: {
      engine: options.engine,
      threads: options.threads,
      defaultInputs: DEFAULT_LIMIT,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.allowedLossIncrease === undefined ? {} : { allowedLossIncrease: options.allowedLossIncrease }),
      cacheMegabytes: 0,
    },
  });
  if (options.inputs === undefined) return { inspection, model: opened };
  const recipe = await inspection.recipeFor({
    path: resolve(options.inputs),
    ...(options.tokenizer === undefined ? {} : { tokenizer: resolve(options.tokenizer) }),
  });
  const { inputs } = await inspection.setInputs({ recipe });
  return { inspection, model: { ...opened, inputs } };
}
