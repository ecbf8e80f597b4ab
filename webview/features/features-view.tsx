/** Features of the dictionary that is attached: which there are, what each fires on, and what it does. */
import type { JSX } from 'preact';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { NeedsInputs, NeedsRun } from '../shell/needs.js';
import { ProblemBox } from '../shell/problem-box.js';
import { cancelFeatures, gathered, gatherFeatures } from '../state/features.js';
import { inputs, runCommand } from '../state/session.js';
import { NotGathered, Refused } from './before.js';
import { FeatureParts } from './parts.js';

export function FeaturesView({ model }: { model: OpenedModel }): JSX.Element {
  return (
    <section class="features-view" aria-label="Features">
      <div class="features-title">
        <h2>Features</h2>
        <p class="question">
          Which features of a dictionary (a sparse autoencoder or a transcoder) fire on your inputs, on what, and what
          do they do to the output?
        </p>
      </div>
      <Shown model={model} />
    </section>
  );
}

/** What stands in the way, or what was found. */
function Shown({ model }: { model: OpenedModel }): JSX.Element {
  const cannotRun = model.overview.network?.cannotRun ?? [];
  const { dictionary } = model;
  if (cannotRun.length > 0) return <NeedsRun problems={cannotRun} />;
  if (dictionary === undefined) {
    return (
      <>
        <p>
          No dictionary is attached to this model yet. Attach the file of one that was trained on it: it is measured at
          every value that it fits, before any feature is shown.
        </p>
        <AttachButton primary>Attach Dictionary…</AttachButton>
      </>
    );
  }
  if (dictionary.problem !== undefined) {
    return (
      <>
        <ProblemBox
          problem={{
            kind: 'not-applicable',
            message: `The dictionary “${dictionary.name}” cannot be used.`,
            remedy: dictionary.problem,
          }}
        />
        <AttachButton primary>Attach Dictionary…</AttachButton>
      </>
    );
  }
  if ((inputs.value?.size ?? 0) === 0) {
    return (
      <NeedsInputs>
        There are no inputs yet that features could fire on. Choose some that the model was made for.
      </NeedsInputs>
    );
  }
  const { overview, failed, running } = gathered.value;
  if (running !== undefined) {
    return (
      <LongWork
        label={`Running “${dictionary.name}” on your inputs`}
        progress={running.progress}
        onStop={cancelFeatures}
        stopLabel="Cancel"
      />
    );
  }
  if (failed !== undefined) {
    return (
      <Refused
        problem={failed.problem}
        onAnyway={() => void gatherFeatures({ ...failed.request, evenIfUnfit: true })}
        onAgain={() => void gatherFeatures(failed.request)}
      />
    );
  }
  if (overview === undefined) return <NotGathered dictionary={dictionary} />;
  return <FeatureParts overview={overview} dictionary={dictionary} />;
}

function AttachButton({ children, primary }: { children: string; primary?: boolean }): JSX.Element {
  return (
    <div class="button-row">
      <Button primary={primary ?? false} onClick={() => void runCommand('modelInspector.attachDictionary')}>
        {children}
      </Button>
    </div>
  );
}
