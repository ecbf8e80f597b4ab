/** The front page: what the model is and what was found, beside the graph. */
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import type { Problem } from '../../src/core/errors.js';
import { isInEveryRun } from '../../src/protocol/model.js';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { Button } from '../controls/button.js';
import { GraphView } from '../graph/graph-view.js';
import { ProblemBox } from '../shell/problem-box.js';
import { ui } from '../state/interface-state.js';
import { passResults } from '../state/metrics.js';
import { inputs, openedModel, progress, result, startRun } from '../state/session.js';
import { loadTensors, tensors } from '../state/tensors.js';
import { filterTensors } from '../weights/filter.js';
import { WeightMap } from '../weights/weight-map.js';
import { Answers } from './answers.js';
import { DictionaryCard } from './dictionary-card.js';
import { Facts } from './facts.js';
import { Findings } from './findings.js';
import { InputsCard } from './inputs-card.js';

export function Overview({ model }: { model: OpenedModel }): JSX.Element {
  const cannotRun = model.overview.network?.cannotRun ?? [];
  const answered = isAnswered(model);
  const card = inputs.value && <InputsCard inputs={inputs.value} />;
  // Before a run, and where they are of no use, the inputs are what a person has to look at.
  const inputsFirst = cannotRun.length === 0 && (!answered || inputs.value?.problem !== undefined);
  return (
    <div class="overview">
      <div class="overview-side">
        {cannotRun.length > 0 && <CannotRun problems={cannotRun} />}
        {model.overview.unread.length > 0 && <Unread problems={model.overview.unread} />}
        {model.overview.dictionary && <DictionaryCard dictionary={model.overview.dictionary} />}
        {inputsFirst && card}
        {answered ? <Findings /> : <BeforeFirstRun model={model} />}
        <Answers />
        {!inputsFirst && card}
        <Facts overview={model.overview} />
      </div>
      {model.overview.network === undefined ? <WeightsPanel /> : <GraphView />}
    </div>
  );
}

/** A network needs a run; of weights alone every question can be answered without inputs. */
function isAnswered({ overview, passes }: OpenedModel): boolean {
  if (overview.network !== undefined) return result.value !== undefined;
  const answered = new Set(passResults.value.map(({ pass }) => pass));
  const open = passes.filter((pass) => isInEveryRun(pass) && !answered.has(pass.id));
  return answered.size > 0 && open.length === 0;
}

function BeforeFirstRun({ model }: { model: OpenedModel }): JSX.Element | null {
  const applicable = model.passes.filter(isInEveryRun);
  const experiments = model.passes.filter((pass) => pass.reason === undefined && !isInEveryRun(pass));
  if ((model.overview.network?.cannotRun.length ?? 0) > 0) return null;
  if (progress.value) {
    return (
      <section class="card welcome">
        <h2>Running</h2>
        <p class="muted">The findings appear here, worst first. The graph is yours meanwhile.</p>
      </section>
    );
  }
  if (applicable.length === 0) {
    const reasons = [...new Set(model.passes.map((pass) => pass.reason))];
    return (
      <section class="card welcome">
        <h2>Nothing to run here</h2>
        {reasons.map((reason) => (
          <p key={reason}>{reason}</p>
        ))}
      </section>
    );
  }
  return (
    <section class="card welcome" aria-labelledby="welcome-title">
      <h2 id="welcome-title">
        {model.overview.network === undefined
          ? 'What are these weights like?'
          : 'What does this model do on your data?'}
      </h2>
      <p>
        {model.overview.network === undefined
          ? 'A run reads every tensor once, from end to end, and answers:'
          : 'Check above where the inputs come from, then run. One run answers all of these:'}
      </p>
      <ul class="questions">
        {applicable.map((pass) => (
          <li key={pass.id}>{pass.question}</li>
        ))}
      </ul>
      <Button primary icon="play" onClick={() => void startRun()}>
        Run
      </Button>
      {experiments.length > 0 && (
        <>
          <p>Experiments take as long as many runs, and are started by themselves:</p>
          <ul class="questions">
            {experiments.map(({ id, question }) => (
              <li key={id}>
                <button
                  type="button"
                  class="text-button"
                  onClick={() => {
                    ui.pass.value = id;
                    ui.tab.value = 'passes';
                  }}
                >
                  {question}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function CannotRun({ problems }: { problems: readonly Problem[] }): JSX.Element {
  return (
    <section class="cannot-run" aria-label="Why the model cannot run">
      <h2>This model cannot run here</h2>
      <p class="muted">Its structure and its weights are shown all the same.</p>
      {problems.map((problem, index) => (
        <ProblemBox key={index} problem={problem} severity="warning" />
      ))}
    </section>
  );
}

/** What stands in the graph's place where a file holds weights only. */
function WeightsPanel(): JSX.Element {
  useEffect(loadTensors, [openedModel.value]);
  const { rows } = tensors.value;
  const shown = useMemo(() => filterTensors(rows, ''), [rows]);
  return (
    <section class="weights-panel" aria-label="Weights">
      <WeightMap shown={shown} />
    </section>
  );
}

function Unread({ problems }: { problems: readonly Problem[] }): JSX.Element {
  return (
    <section class="cannot-run" aria-label="What could not be read">
      <h2>Not everything could be read</h2>
      <p class="muted">What could be read is shown all the same.</p>
      {problems.map((problem, index) => (
        <ProblemBox key={index} problem={problem} severity="warning" />
      ))}
    </section>
  );
}
