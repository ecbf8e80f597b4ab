/** What the network writes on after a text, as it is and with features changed, side by side. */
import type { Batch } from '../../core/dataset/dataset.js';
import { problem } from '../../core/errors.js';
import {
  continueText,
  MOST_CONTINUED,
  type Continuation,
  type ContinuationOptions,
} from '../../core/features/steering/generate.js';
import type { Change } from '../../core/features/steering/interventions.js';
import type { Positions, Scores } from '../../core/features/steering/steer.js';
import type { ContinuationText, SteeringAnswer } from '../../protocol/steering.js';
import type { RunPrompt } from './prompt-runs.js';
import { perToken, type Prompting } from './prompting.js';

const HIGHEST_TEMPERATURE = 10;

/** @throws ProblemError `not-applicable` for options out of range; CancelledError between two tokens. */
export async function continuations(
  opened: Prompting,
  run: RunPrompt,
  steered: { readonly changes: readonly Change[]; readonly positions: Positions },
  options: ContinuationOptions,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Pick<SteeringAnswer, 'continuation' | 'noContinuation'>> {
  checkOptions(options);
  const { ids } = run;
  const { measure, prompts, steering, runner } = opened;
  if (ids === undefined || !perToken(measure))
    return { noContinuation: 'The model does not predict next tokens: nothing can be written on.' };
  if (!(await isCausal(opened, ids, signal))) {
    return {
      noContinuation:
        'What the model says at a token depends on later tokens: it does not predict next tokens, so nothing can be written on.',
    };
  }
  let done = 0;
  const onToken = (): void => onProgress(++done / (2 * options.tokens));
  const end = prompts.tokenizer?.endOfText;
  const write = (scoresOf: (batch: Batch) => Promise<Scores>): Promise<Continuation> =>
    continueText(
      ids,
      async (longer) => {
        const batch = longer.length === ids.length ? run.batch : await runner.longer(longer, signal);
        return batch === undefined ? undefined : (await scoresOf(batch)).row(longer.length - 1);
      },
      options,
      { signal, onToken, ...(end === undefined ? {} : { end }) },
    );
  const original = await write((batch) => steering.clean(batch));
  const changed = await write(
    async (batch) => (await steering.steered(batch, steered.changes, steered.positions)).scores,
  );
  const told = ({ ids: written, stopped }: Continuation): ContinuationText => ({
    tokens: written.map((id) => prompts.textOf(id)),
    ...(stopped === undefined ? {} : { stopped }),
  });
  return { continuation: { original: told(original), steered: told(changed) } };
}

/** Whether other last tokens leave the scores of those before as they are: shown on this text, within rounding. */
async function isCausal(
  { steering, runner }: Prompting,
  ids: readonly number[],
  signal: AbortSignal,
): Promise<boolean> {
  const one = ids.length > 1 ? ids : [...ids, ...ids];
  const other = [...one.slice(0, -1), one.at(-1) === 0 ? 1 : 0];
  const [first, second] = [await runner.longer(one, signal), await runner.longer(other, signal)];
  // A context of one token has nothing before it.
  if (first === undefined || second === undefined) return true;
  const [a, b] = [await steering.clean(first), await steering.clean(second)];
  for (let row = 0; row < one.length - 1; row++) {
    const [mine, theirs] = [a.row(row), b.row(row)];
    const size = mine.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
    if (mine.some((score, at) => Math.abs(score - (theirs[at] as number)) > 1e-5 + 1e-4 * size)) return false;
  }
  return true;
}

function checkOptions({ tokens, temperature, seed }: ContinuationOptions): void {
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > MOST_CONTINUED) {
    throw problem('not-applicable', `From 1 to ${MOST_CONTINUED} tokens can be written on, not ${tokens}.`);
  }
  if (!(temperature >= 0 && temperature <= HIGHEST_TEMPERATURE)) {
    throw problem('not-applicable', `The temperature is from 0 to ${HIGHEST_TEMPERATURE}, not ${temperature}.`);
  }
  if (!Number.isSafeInteger(seed)) throw problem('not-applicable', `The seed is a whole number, not ${seed}.`);
}
