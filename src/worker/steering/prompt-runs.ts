/** A text or an input of the model as one example to run, cut to what the network takes. */
import { rowsOfRun } from '../../core/dataset/rows-of-run.js';
import type { Batch, Dataset } from '../../core/dataset/dataset.js';
import type { Prompts } from '../../core/dataset/prompts.js';
import { problem, ProblemError, throwIfCancelled } from '../../core/errors.js';
import type { Scores } from '../../core/features/steering/steer.js';
import { elementCount } from '../../core/tensor/tensor.js';
import type { PromptSource } from '../../protocol/steering.js';
import { chosenInput } from '../chosen-input.js';

export interface PromptRunner {
  /**
   * The example, and what the network as it is says of it.
   * @throws ProblemError `invalid-inputs` for what does not fit, CancelledError between runs.
   */
  run(prompt: PromptSource, signal: AbortSignal): Promise<RunPrompt>;
  /** What a text of these ids runs on; undefined where the network takes no more of them than it took before. */
  longer(ids: readonly number[], signal: AbortSignal): Promise<Batch | undefined>;
}

export interface RunPrompt {
  readonly batch: Batch;
  readonly scores: Scores;
  /** Where the model takes token ids: those of the text, without padding. */
  readonly ids?: readonly number[];
  /** Of every position the id that really comes next, −1 where none is known or can be foreseen. */
  readonly next?: Int32Array;
  /** Texts of the ids, else what the input’s preview calls its positions. */
  readonly tokens: readonly string[];
  readonly name: string;
  readonly synthetic: boolean;
  readonly notes: readonly string[];
}

/** Cut tokens that a note tells. */
const CUT_SHOWN = 20;

/** @param dataset the inputs to choose from. @param clean runs the network as it is. */
export function promptRunner(
  prompts: Prompts,
  dataset: Dataset,
  clean: (batch: Batch) => Promise<Scores>,
): PromptRunner {
  /** Tokens that the network takes at most, where that is known. */
  let { context } = prompts;

  const batchOf = async (ids: readonly number[]): Promise<{ readonly batch: Batch; readonly synthetic: boolean }> => {
    const opened = await prompts.dataset(ids);
    return { batch: await opened.batch(0, 1), synthetic: opened.synthetic };
  };
  const runs = async (ids: readonly number[]): Promise<boolean> => {
    try {
      await clean((await batchOf(ids)).batch);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  };
  /** The most of these ids from the first on that the network takes; 0: it takes none. */
  const longestOf = async (ids: readonly number[], signal: AbortSignal): Promise<number> => {
    let [taken, refused] = [0, ids.length];
    while (refused - taken > 1) {
      throwIfCancelled(signal);
      const middle = Math.floor((taken + refused) / 2);
      if (await runs(ids.slice(0, middle))) taken = middle;
      else refused = middle;
    }
    return taken;
  };

  const runText = async (text: string, signal: AbortSignal): Promise<RunPrompt> => {
    const all = prompts.encode(text);
    if (all.length === 0) throw problem('invalid-inputs', 'The text has no tokens.', { remedy: 'Type another text.' });
    const attempt = async (ids: readonly number[]): Promise<RunPrompt> => {
      const { batch, synthetic } = await batchOf(ids);
      const tokens = ids.map((id) => prompts.textOf(id));
      const next = Int32Array.from(ids, (_, at) => ids[at + 1] ?? -1);
      return { batch, synthetic, ids, next, tokens, name: 'the text', notes: [], scores: await clean(batch) };
    };
    const first = all.slice(0, context);
    let run: RunPrompt;
    try {
      run = await attempt(first);
    } catch (error) {
      const longest = isRefusal(error) ? await longestOf(first, signal) : 0;
      if (longest === 0) throw error;
      context = longest;
      run = await attempt(all.slice(0, context));
    }
    const cut = all.slice(run.tokens.length);
    if (cut.length === 0) return run;
    const shown = cut.slice(0, CUT_SHOWN).map((id) => prompts.textOf(id));
    const more = cut.length > CUT_SHOWN ? ' …' : '';
    const note = `The model takes at most ${run.tokens.length} tokens: ${cut.length} at the end were cut off (“${shown.join('')}${more}”).`;
    return { ...run, notes: [note] };
  };

  const runInput = async (input: number): Promise<RunPrompt> => {
    const batch = await chosenInput(dataset, input);
    const preview = await dataset.preview(input);
    const ids = idsOf(batch, prompts.input, rowsOfRun(dataset, batch));
    const { nextTokens } = await dataset.targets(input);
    const tokens = ids?.map((id) => prompts.textOf(id)) ?? (preview.kind === 'tokens' ? preview.tokens : []);
    return {
      batch,
      ...(ids === undefined ? {} : { ids }),
      ...(nextTokens === undefined ? {} : { next: nextTokens }),
      tokens,
      name: preview.name,
      synthetic: dataset.synthetic,
      notes: [],
      scores: await clean(batch),
    };
  };

  return {
    run: (prompt, signal) => (prompt.kind === 'text' ? runText(prompt.text, signal) : runInput(prompt.input)),
    async longer(ids, signal) {
      if (context !== undefined && ids.length > context) return undefined;
      if (await runs(ids)) return (await batchOf(ids)).batch;
      const longest = await longestOf(ids, signal);
      if (longest < ids.length - 1) throw problem('engine-failed', `The network does not run on ${ids.length} tokens.`);
      context = longest;
      return undefined;
    },
  };
}

/** What an engine says where a text is longer than the network’s tables. */
function isRefusal(error: unknown): boolean {
  return error instanceof ProblemError && ['engine-failed', 'invalid-inputs'].includes(error.problem.kind);
}

/** Of the first example, padding left out. */
function idsOf({ feeds, filled }: Batch, input: string | undefined, examples: number): number[] | undefined {
  const tensor = input === undefined ? undefined : feeds[input];
  if (tensor === undefined || tensor.type === 'string') return undefined;
  const each = elementCount(tensor.dims) / examples;
  const count = Math.min(each, filled?.[0] ?? each);
  return Array.from({ length: count }, (_, at) => Number(tensor.data[at]));
}
