/** Features of the dictionary that is attached: gathered when a person says so, kept while model and inputs are the same. */
import { effect, signal } from '@preact/signals';
import { asProblem, CancelledError, type Problem } from '../../src/core/errors.js';
import type { AttachedFeatureRequest, FeatureOverview } from '../../src/protocol/features.js';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { host } from './channel.js';
import { logDefect } from './log.js';
import { featuresTold, inputs, openedModel } from './session.js';

export interface GatheredFeatures {
  readonly overview?: FeatureOverview;
  /** Why they were not gathered, when that was tried last, and what was asked. */
  readonly failed?: { readonly problem: Problem; readonly request: AttachedFeatureRequest };
  /** Under way: how far, 0 to 1, as far as it tells. */
  readonly running?: { readonly progress: number | undefined };
}

export const gathered = signal<GatheredFeatures>({});

let question: AbortController | undefined;

/** Runs the inputs through the dictionary. What was gathered before is shown no more. */
export async function gatherFeatures(request: AttachedFeatureRequest): Promise<void> {
  const asked = begin();
  gathered.value = { running: { progress: undefined } };
  const set = (next: GatheredFeatures): void => {
    if (question === asked) gathered.value = next;
  };
  try {
    const onProgress = (progress: number): void => set({ running: { progress } });
    set({ overview: await host.features(request, asked.signal, onProgress) });
  } catch (error) {
    set(error instanceof CancelledError ? {} : { failed: { problem: asProblem(error), request } });
  }
}

export function cancelFeatures(): void {
  question?.abort();
}

function begin(): AbortController {
  question?.abort();
  return (question = new AbortController());
}

/**
 * What is known behind the page: one that was hidden begins anew, and one whose model was read again holds what is no
 * longer known.
 */
async function recall(): Promise<void> {
  const asked = begin();
  try {
    const overview = await host.gatheredFeatures({});
    if (question !== asked) return;
    if (overview === undefined) gathered.value = {};
    else if (gathered.peek().overview === undefined) gathered.value = { overview };
  } catch (error) {
    logDefect(error);
  }
}

/** Changes when other features would be found. */
function subjectKey(model: OpenedModel | undefined): string | undefined {
  if (model?.dictionary === undefined || model.overview.network === undefined) return undefined;
  return JSON.stringify([model.overview.fileName, model.dictionary, inputs.value?.recipe, inputs.value?.size]);
}

/** Forgets what was gathered where the dictionary or the inputs change. */
export function followFeatures(): void {
  let key: string | undefined;
  effect(() => {
    void featuresTold.value;
    const next = subjectKey(openedModel.value);
    if (next !== key) {
      question?.abort();
      gathered.value = {};
    }
    key = next;
    if (next !== undefined && gathered.peek().running === undefined) void recall();
  });
}
