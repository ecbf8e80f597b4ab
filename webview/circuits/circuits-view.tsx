/** Circuits through transcoders: which tokens and features make the model say what it says. */
import type { JSX } from 'preact';
import type { TranscoderSetDescription } from '../../src/protocol/circuits.js';
import type { OpenedModel } from '../../src/protocol/worker-api.js';
import { Button } from '../controls/button.js';
import { Disclosure } from '../controls/disclosure.js';
import { LongWork } from '../controls/long-work.js';
import { formatCount } from '../format/numbers.js';
import { NeedsRun } from '../shell/needs.js';
import { ProblemBox } from '../shell/problem-box.js';
import { cancelCircuit, circuit, findCircuit } from '../state/circuits.js';
import { runCommand } from '../state/session.js';
import { CircuitAnswerPart } from './circuit-answer.js';
import { CircuitFormPart } from './circuit-form.js';

export function CircuitsView({ model }: { model: OpenedModel }): JSX.Element {
  return (
    <section class="features-view circuits-view" aria-label="Circuits">
      <div class="features-title">
        <h2>Circuits</h2>
        <p class="question">
          Which tokens and which features of transcoders, layer by layer, make the model say what it says?
        </p>
      </div>
      <Shown model={model} />
    </section>
  );
}

function Shown({ model: { overview, transcoders } }: { model: OpenedModel }): JSX.Element {
  const cannotRun = overview.network?.cannotRun ?? [];
  if (cannotRun.length > 0) return <NeedsRun problems={cannotRun} />;
  if (transcoders === undefined) {
    return (
      <>
        <p>
          No transcoders are attached to this model yet. A circuit needs one for each layer: a transcoder reads what an
          MLP reads and writes what it writes, through features that can be named. Circuits are for language models of
          transformer layers.
        </p>
        <AttachButton primary />
      </>
    );
  }
  return (
    <>
      <Attached transcoders={transcoders} />
      {transcoders.problem === undefined && (
        <>
          <CircuitFormPart transcoders={transcoders} />
          <Answer />
        </>
      )}
    </>
  );
}

function Answer(): JSX.Element | null {
  const { found, failed, running } = circuit.value;
  if (running !== undefined) {
    return (
      <LongWork
        label="Following what makes up the answer"
        progress={running.progress}
        onStop={cancelCircuit}
        stopLabel="Cancel"
      />
    );
  }
  if (failed !== undefined) {
    return <ProblemBox problem={failed.problem} action="Try again" onAction={() => void findCircuit(failed.request)} />;
  }
  return found === undefined ? null : <CircuitAnswerPart key={found.answer.id} found={found} />;
}

function Attached({ transcoders: { layers, left, problem } }: { transcoders: TranscoderSetDescription }): JSX.Element {
  const placed = layers.filter(({ transcoder }) => transcoder !== undefined);
  const features = placed.reduce((sum, { transcoder }) => sum + (transcoder?.features ?? 0), 0);
  return (
    <div class="circuit-set">
      {problem !== undefined && <ProblemBox problem={{ kind: 'not-applicable', message: problem }} />}
      <p>
        Transcoders for {placed.length} of {layers.length} layers, {formatCount(features)} features together.
      </p>
      <Disclosure name="circuit-transcoders" title="Which stands for which layer" hint="and why it stands there">
        {() => (
          <ul class="questions">
            {layers.map(({ layer, transcoder }) => (
              <li key={layer}>
                layer {layer}:{' '}
                {transcoder === undefined
                  ? 'none; what its MLP writes counts as error'
                  : `${transcoder.name}, ${formatCount(transcoder.features)} features. ${transcoder.by}`}
              </li>
            ))}
            {left.map(({ name, reason }) => (
              <li key={name}>
                not used: {name}. {reason}
              </li>
            ))}
          </ul>
        )}
      </Disclosure>
      <AttachButton>Other Transcoders…</AttachButton>
    </div>
  );
}

function AttachButton({ children, primary = false }: { children?: string; primary?: boolean }): JSX.Element {
  return (
    <div class="button-row">
      <Button primary={primary} onClick={() => void runCommand('modelInspector.attachTranscoders')}>
        {children ?? 'Attach Transcoders…'}
      </Button>
    </div>
  );
}
