/** What questions about one text are answered with: opened for the first one, kept until other features are gathered. */
import type { Prompts } from '../../core/dataset/prompts.js';
import { problem } from '../../core/errors.js';
import { chooseLoss, type LossMeasure } from '../../core/experiment/loss-measure.js';
import type { ExperimentSubject } from '../../core/experiment/subject.js';
import type { AttachedDictionary } from '../../core/features/attached.js';
import type { Firings } from '../../core/features/steering/firings.js';
import { openSteering, type Steering } from '../../core/features/steering/steer.js';
import type { PromptSource } from '../../protocol/steering.js';
import { promptRunner, type PromptRunner, type RunPrompt } from './prompt-runs.js';

/** A prompt that was run, with what was found of it so far. */
export interface Looked {
  readonly key: string;
  readonly run: RunPrompt;
  firings?: Firings;
  effects?: Float64Array;
}

export interface Prompting {
  readonly measure: LossMeasure;
  readonly prompts: Prompts;
  readonly runner: PromptRunner;
  readonly steering: Steering;
  /** The prompt asked for last is kept. */
  look(prompt: PromptSource, signal: AbortSignal): Promise<Looked>;
  release(): Promise<void>;
}

/** @throws ProblemError `not-applicable` where no output holds scores, and as engines and reading do. */
export async function openPrompting(
  subject: ExperimentSubject,
  attached: AttachedDictionary,
  openPrompts: () => Promise<Prompts>,
): Promise<Prompting> {
  const measure = await chooseLoss(subject);
  if (measure.kind === 'relative-change') {
    throw problem('not-applicable', 'No output of the model is known to hold scores of tokens or classes.', {
      place: `value “${measure.value}”`,
      remedy: 'Choose inputs with labels, or open a model that ends with scores.',
    });
  }
  const prompts = await openPrompts();
  const steering = await openSteering(subject, attached, measure.value);
  const runner = promptRunner(prompts, subject.dataset, (batch) => steering.clean(batch));
  let last: Looked | undefined;
  return {
    measure,
    prompts,
    runner,
    steering,
    async look(prompt, signal) {
      const key = JSON.stringify(prompt);
      if (last?.key !== key) last = { key, run: await runner.run(prompt, signal) };
      return last;
    },
    release: () => steering.release(),
  };
}

/** Whether there are scores for every token, or one row for the whole input. */
export function perToken({ kind, positions }: LossMeasure): boolean {
  return kind === 'next-token' || positions > 1;
}
