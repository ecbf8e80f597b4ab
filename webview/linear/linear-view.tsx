/** The linear interpreter: what the network became at one input, f(x) = A x + r, and everything that can be asked of it. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { SystemRequest } from '../../src/protocol/linear.js';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { ProblemBox } from '../shell/problem-box.js';
import { NeedsInputs, NeedsRun } from '../shell/needs.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { useResource } from '../state/resource.js';
import { inputs, openedModel } from '../state/session.js';
import { dataKey } from './data-key.js';
import { SystemHead } from './head/system-head.js';
import { LinearParts } from './parts.js';
import { systemKey } from './system.js';

export function LinearView({ model }: { model: OpenedModel }): JSX.Element {
  const cannotRun = model.overview.network?.cannotRun ?? [];
  const size = inputs.value?.size ?? 0;
  return (
    <section class="linear-view" aria-label="Linear interpreter">
      <div class="linear-title">
        <h2>Linear interpreter</h2>
        <p class="question">
          On one input, the network is a matrix plus a bias. Which parts of the input voted for which output, and how
          much was decided by biases alone?
        </p>
      </div>
      {cannotRun.length > 0 ? (
        <NeedsRun problems={cannotRun} />
      ) : size > 0 ? (
        <SystemView size={size} />
      ) : (
        <NeedsInputs>
          There are no inputs yet. Choose pictures, texts or arrays that the model was made for, and look at one of
          them.
        </NeedsInputs>
      )}
    </section>
  );
}

function SystemView({ size }: { size: number }): JSX.Element {
  const example = Math.min(size - 1, Math.max(0, ui.linearExample.value));
  const cut = ui.linearCut.value;
  const request = useMemo((): SystemRequest => ({ ...cut, example }), [systemKey({ ...cut, example })]);
  const data = [openedModel.value, dataKey.value];
  const [stopped, setStopped] = useState<SystemRequest>();
  const cuts = useResource((signal) => host.linearCuts({ example }, signal), [...data, example], true);
  const system = useResource(
    stopped === request
      ? undefined
      : (signal, onProgress) =>
          host.linearSystem(request, signal, onProgress).then((description) => ({ request, description })),
    [...data, request, stopped === request],
    true,
  );
  useEffect(() => setStopped(undefined), [request]);
  const current = system.value?.request === request ? system.value : undefined;
  const isCut = cut.from !== undefined || cut.to !== undefined;
  return (
    <>
      <SystemHead example={example} size={size} cuts={cuts.value ?? []} description={current?.description} />
      {cuts.error && <ProblemBox problem={cuts.error} action="Try again" onAction={cuts.retry} />}
      {system.error && <ProblemBox problem={system.error} action="Try again" onAction={system.retry} />}
      {system.error && isCut && (
        <div class="button-row">
          <Button onClick={() => (ui.linearCut.value = { reading: cut.reading })}>Use the model’s own ends</Button>
        </div>
      )}
      {system.loading && (
        <LongWork
          label="Reading the network on this input"
          progress={system.progress}
          onStop={() => setStopped(request)}
        />
      )}
      {stopped === request && (
        <div class="button-row">
          <Button onClick={() => setStopped(undefined)}>Read the network on this input</Button>
        </div>
      )}
      {current && !system.loading && <LinearParts system={current} size={size} />}
    </>
  );
}
