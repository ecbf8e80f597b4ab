/** What a file that is a dictionary is, what exactly it computes, and how each of it is known. */
import { Fragment, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { CoderDescription } from '../../src/protocol/dictionary.js';
import type { Dictionary } from '../../src/protocol/model.js';
import { Button } from '../controls/button.js';
import { Disclosure } from '../controls/disclosure.js';
import { formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { askCoder, coder } from '../state/coder.js';
import { CoderQuestions } from './coder-questions.js';

const NAMES: Readonly<Record<Dictionary['kind'], string>> = {
  SAE: 'Sparse autoencoder (SAE)',
  transcoder: 'Transcoder',
  'cross-layer transcoder': 'Cross-layer transcoder',
  crosscoder: 'Crosscoder',
};

const ROLES: Readonly<Record<keyof Dictionary['tensors'], string>> = {
  encoder: 'Encoder',
  decoder: 'Decoder',
  encoderBias: 'Encoder bias',
  decoderBias: 'Decoder bias',
  threshold: 'Threshold',
  skip: 'Skip connection',
};

export function DictionaryCard({ dictionary }: { dictionary: Dictionary }): JSX.Element {
  const { kind, family, features, inputWidth, outputWidth, tensors, evidence } = dictionary;
  const roles = Object.keys(ROLES) as (keyof Dictionary['tensors'])[];
  useEffect(() => void askCoder(), [dictionary]);
  return (
    <section class="card" aria-labelledby="dictionary-title">
      <h2 id="dictionary-title">{NAMES[kind]}</h2>
      <p>
        A dictionary of {formatCount(features)} features for activations {formatCount(inputWidth)} wide
        {outputWidth === inputWidth ? '' : `, written back ${formatCount(outputWidth)} wide`}.
      </p>
      {coder.value && <Computes description={coder.value} />}
      <dl class="facts">
        <dt>Family</dt>
        <dd>{family}</dd>
        {roles.map((role) =>
          tensors[role] === undefined ? null : (
            <Fragment key={role}>
              <dt>{ROLES[role]}</dt>
              <dd>{tensors[role]}</dd>
            </Fragment>
          ),
        )}
      </dl>
      <h3>How this is known</h3>
      <ul class="questions">
        {evidence.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

function Computes({ description }: { description: CoderDescription }): JSX.Element {
  const { equation, decisions, questions, problem, isAnswered, limits } = description;
  return (
    <>
      {problem && <ProblemBox problem={problem} />}
      {questions.length > 0 && <CoderQuestions questions={questions} onAnswer={(answers) => void askCoder(answers)} />}
      {equation.length > 0 && (
        <>
          <h3>What it computes</h3>
          <dl class="coder-equation" aria-label="Equation, for one token x">
            {equation.map(({ what, formula }, index) => (
              <Fragment key={index}>
                <dt>{what}</dt>
                <dd>{formula}</dd>
              </Fragment>
            ))}
          </dl>
        </>
      )}
      {limits && <p class="note">{limits}</p>}
      {decisions.length > 0 && (
        <Disclosure
          name="coder-switches"
          title="Every switch"
          hint={`${decisions.length} of them, and why each stands so`}
        >
          {() => (
            <ul class="decisions">
              {decisions.map(({ what, value, because }) => (
                <li key={what}>
                  <div>
                    {what}: <strong>{value}</strong>
                  </div>
                  <div class="muted">{because}</div>
                </li>
              ))}
            </ul>
          )}
        </Disclosure>
      )}
      {isAnswered && <Button onClick={() => void askCoder({})}>Answer Again</Button>}
    </>
  );
}
