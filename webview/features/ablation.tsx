/** What the network says at one place without a feature: measured by running it again, so that later layers count, too. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SteeringAnswer } from '../../src/protocol/steering.js';
import { TextButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber, formatShare } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { visible } from '../format/words.js';

const CHOICES_SHOWN = 3;

interface AblationProps {
  readonly feature: number;
  readonly input: number;
  readonly position: number;
  /** What the button says. */
  readonly children: ComponentChildren;
}

export function Ablation({ feature, input, position, children }: AblationProps): JSX.Element {
  const [wanted, setWanted] = useState(false);
  const answer = useResource(
    wanted
      ? (signal) =>
          host.steer(
            {
              prompt: { kind: 'input', input },
              interventions: [{ feature, kind: 'ablate', amount: 0, unit: 'absolute' }],
              positions: [position],
              at: position,
            },
            signal,
          )
      : undefined,
    [wanted, feature, input, position],
  );
  if (!wanted)
    return (
      <TextButton title="Measure what the network says here without this feature" onClick={() => setWanted(true)}>
        {children}
      </TextButton>
    );
  return (
    <div class="ablation">
      {answer.loading && <Spinner label="Running the network without it" />}
      {answer.error && <ProblemBox problem={answer.error} action="Try again" onAction={answer.retry} />}
      {answer.value && <Outcome answer={answer.value} />}
    </div>
  );
}

function Outcome({ answer }: { answer: SteeringAnswer }): JSX.Element {
  const { choices, divergence, at, predicts, followed } = answer;
  const kl = divergence[at] ?? NaN;
  return (
    <p class="note">
      Total effect{' '}
      <Help about="Total effect">
        The network is run once more with the feature set to 0 at this place and everything else that the dictionary
        leaves kept, so what later layers make of it counts. KL = KL(before ‖ after) of the{' '}
        {predicts === 'class' ? 'output' : 'next token'}, in nats.
        {followed &&
          ' Δ log-probability is ln p of the token that really comes next, after less before, in nats: below 0 where the feature helped to foresee it.'}
      </Help>
      :{' '}
      {followed && (
        <span class="ablation-followed">
          Δ log-probability of <code>{visible(followed.text)}</code>, which really followed:{' '}
          <strong>{formatNumber(followed.logProbability.after - followed.logProbability.before)}</strong> (
          {formatNumber(followed.logProbability.before)} → {formatNumber(followed.logProbability.after)});{' '}
        </span>
      )}
      KL {formatNumber(kl)} nats.{' '}
      {choices.slice(0, CHOICES_SHOWN).map(({ index, text, probability: { before, after } }) => (
        <span key={index} class="ablation-choice">
          <code>{visible(text)}</code> {formatShare(before)} → {formatShare(after)}
        </span>
      ))}
    </p>
  );
}
