/** What a file that is a dictionary is, and why it is held for one. */
import { Fragment, type JSX } from 'preact';
import type { Dictionary } from '../../src/protocol/model.js';
import { formatCount } from '../format/numbers.js';

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
  return (
    <section class="card" aria-labelledby="dictionary-title">
      <h2 id="dictionary-title">{NAMES[kind]}</h2>
      <p>
        A dictionary of {formatCount(features)} features for activations {formatCount(inputWidth)} wide
        {outputWidth === inputWidth ? '' : `, written back ${formatCount(outputWidth)} wide`}.
      </p>
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
