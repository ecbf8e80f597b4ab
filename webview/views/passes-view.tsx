/** One view per pass: those that ran, those that could, and those that do not apply, with the reason. */
import { Fragment, type JSX } from 'preact';
import type { PassDescription } from '../../src/protocol/model.js';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { Button } from '../controls/button.js';
import { Icon } from '../controls/icon.js';
import { formatSeconds } from '../format/numbers.js';
import { ui } from '../state/interface-state.js';
import { passResults } from '../state/metrics.js';
import { inputs as openedInputs, progress, result, startRun } from '../state/session.js';
import { PassView } from './pass-view.js';

/** By what it takes to answer: one run of all together, runs of its own, no inputs at all. */
const GROUPS: readonly { readonly title: string; readonly holds: (pass: PassDescription) => boolean }[] = [
  {
    title: 'On your inputs',
    holds: ({ over, runsPerInput }) => over === 'inputs' && runsPerInput === undefined,
  },
  { title: 'Experiments', holds: ({ runsPerInput }) => runsPerInput !== undefined },
  { title: 'Of the file alone', holds: ({ over }) => over !== 'inputs' },
];

export function PassesView({ model }: { model: OpenedModel }): JSX.Element {
  const results = passResults.value;
  const chosen =
    model.passes.find((pass) => pass.id === ui.pass.value) ??
    model.passes.find((pass) => results.some((found) => found.pass === pass.id)) ??
    model.passes[0];
  const found = results.find((pass) => pass.pass === chosen?.id);
  return (
    <div class="passes">
      <nav class="pass-list" aria-label="Passes">
        {GROUPS.map(({ title, holds }) => {
          const passes = model.passes.filter(holds);
          return passes.length === 0 ? null : (
            <Fragment key={title}>
              <h3 class="pass-group">{title}</h3>
              {passes.map((pass) => (
                <PassEntry
                  key={pass.id}
                  pass={pass}
                  active={pass.id === chosen?.id}
                  ran={results.some((candidate) => candidate.pass === pass.id)}
                />
              ))}
            </Fragment>
          );
        })}
      </nav>
      {chosen && (found ? <PassView key={chosen.id} pass={chosen} found={found} /> : <NotRun pass={chosen} />)}
    </div>
  );
}

function PassEntry({ pass, active, ran }: { pass: PassDescription; active: boolean; ran: boolean }): JSX.Element {
  return (
    <button
      type="button"
      class={`pass-entry ${active ? 'selected' : ''} ${pass.reason === undefined ? '' : 'unusable'}`}
      aria-current={active ? 'page' : undefined}
      title={pass.reason ?? pass.question}
      onClick={() => (ui.pass.value = pass.id)}
    >
      <span class="pass-entry-title">{pass.title}</span>
      {ran && <Icon name="check" class="icon-good" />}
    </button>
  );
}

/** What an experiment takes, told before it is started. */
export function costText(runsPerInput: number): string {
  const inputs = openedInputs.value?.size;
  const times = runsPerInput === 1 ? 'once' : `about ${runsPerInput} times`;
  const runs = `It is an experiment: every input goes through changed copies of the network, ${times}`;
  const last = result.value;
  if (last === undefined || last.inputsSeen === 0 || inputs === undefined) return `${runs}.`;
  const seconds = (last.seconds / last.inputsSeen) * inputs * runsPerInput;
  return `${runs}. Judging by the last run, that takes about ${formatSeconds(seconds)}; it can be cancelled.`;
}

function NotRun({ pass }: { pass: PassDescription }): JSX.Element {
  return (
    <article class="pass">
      <h2>{pass.title}</h2>
      <p class="question">{pass.question}</p>
      {pass.reason === undefined ? (
        <>
          <p>It has not been run on these inputs yet.</p>
          {pass.runsPerInput !== undefined && <p>{costText(pass.runsPerInput)}</p>}
          <Button primary icon="play" disabled={progress.value !== undefined} onClick={() => void startRun([pass.id])}>
            Run
          </Button>
        </>
      ) : (
        <p>
          <Icon name="information" class="icon-information" /> {pass.reason}
        </p>
      )}
      <h3>How this is computed</h3>
      <p class="method">{pass.method}</p>
    </article>
  );
}
