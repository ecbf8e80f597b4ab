/** Votes and three attributions of the same outputs, side by side, each with its sum and what it leaves unexplained. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { AttributionAnswer, AttributionMethod, OutputAttribution } from '../../src/protocol/attribution.js';
import type { Vote } from '../../src/protocol/linear.js';
import { MOST_STEPS } from '../../src/core/attribution/limits.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { NumberField } from '../controls/number-field.js';
import { Select } from '../controls/select.js';
import { Spinner } from '../controls/fields.js';
import { chosenOutputs } from '../linear/chosen-outputs.js';
import { outputName } from '../linear/ends.js';
import { useLongAnswer, type LongAnswer } from '../linear/long-answer.js';
import { OutputChooser } from '../linear/output-chooser.js';
import { systemKey, type System } from '../linear/system.js';
import { useVotes } from '../linear/use-votes.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { ui } from '../state/interface-state.js';
import { useResource, type Resource } from '../state/resource.js';
import {
  BASELINES,
  baselineExample,
  gradientMethod,
  integratedMethod,
  PATTERN_RULES,
  relevanceMethod,
} from './methods.js';
import { NodeList } from './node-list.js';
import { OutputScores, type Scored } from './output-scores.js';
import { inputNumber, indexOfInput } from '../../src/core/told-numbers.js';

export function AttributionPart({ system, size }: { system: System; size: number }): JSX.Element {
  const { description, request } = system;
  const outputs = chosenOutputs(description);
  const votes = useVotes(system, outputs);
  const gradient = useAttribution(system, outputs, gradientMethod());
  const relevance = useAttribution(system, outputs, relevanceMethod());
  const method = integratedMethod(request.example, size);
  const integrated = useLongAnswer(
    `attribute ${systemKey(request)} ${outputs.join()} ${JSON.stringify(method)}`,
    (signal, onProgress) => host.attribute({ system: request, outputs, method }, signal, onProgress),
  );
  const asked: readonly Asked[] = [
    { kind: 'gradient-input', answer: gradient },
    { kind: 'relevance', answer: relevance },
    { kind: 'integrated-gradients', answer: integrated },
  ];
  const scored = useMemo(
    () => outputs.map((output) => ({ output, scores: scoresOf(output, votes.value, asked) })),
    [outputs.join(), votes.value, ...asked.map(({ answer }) => answer.value)],
  );
  return (
    <>
      <div class="part-tools">
        <OutputChooser description={description} />
      </div>
      <MethodOptions example={request.example} size={size} />
      <IntegratedStart answer={integrated} />
      {[votes, gradient, relevance, integrated].map(
        ({ error, retry }, at) => error && <ProblemBox key={at} problem={error} action="Try again" onAction={retry} />,
      )}
      {(votes.loading || gradient.loading || relevance.loading) && <Spinner label="Handing outputs back" />}
      {scored.map(({ output, scores }) => (
        <section key={output} class="output-scores" aria-label={outputName(description, output)}>
          <h3>{outputName(description, output)}</h3>
          <OutputScores system={system} scores={scores} />
        </section>
      ))}
      {asked.map(({ kind, answer }) => (
        <NodeList key={kind} kind={kind} answer={answer.value} />
      ))}
    </>
  );
}

interface Asked {
  readonly kind: AttributionMethod['kind'];
  readonly answer: Resource<AttributionAnswer>;
}

function useAttribution(
  system: System,
  outputs: readonly number[],
  method: AttributionMethod,
): Resource<AttributionAnswer> {
  return useResource(
    (signal) => host.attribute({ system: system.request, outputs, method }, signal),
    [system, outputs.join(), JSON.stringify(method)],
    true,
  );
}

function scoresOf(output: number, votes: readonly Vote[] | undefined, asked: readonly Asked[]): readonly Scored[] {
  const vote = votes?.find((each) => each.output === output);
  const scored: Scored[] = vote === undefined ? [] : [{ kind: 'votes', ...asScores(vote) }];
  for (const { kind, answer } of asked) {
    const found = answer.value?.outputs.find((each) => each.output === output);
    if (found !== undefined) scored.push({ kind, notes: answer.value?.notes ?? [], found });
  }
  return scored;
}

function asScores(vote: Vote): { readonly notes: readonly string[]; readonly found: OutputAttribution } {
  const { output, value, votes, voteSum, voteMagnitude, biasSum } = vote;
  const gap = value - voteSum - biasSum;
  return {
    notes: [],
    found: { output, value, reference: 0, scores: votes, sum: voteSum, magnitude: voteMagnitude, biasSum, gap },
  };
}

function MethodOptions({ example, size }: { example: number; size: number }): JSX.Element {
  return (
    <div class="part-tools">
      <Select
        label="Relevance: softmaxes"
        value={ui.attributionPatterns.value}
        choices={PATTERN_RULES}
        onChange={(value) => (ui.attributionPatterns.value = value === 'frozen' ? 'frozen' : 'tangent')}
      />
      <NumberField
        label="Integrated gradients: steps"
        value={ui.attributionSteps.value}
        minimum={1}
        maximum={MOST_STEPS}
        onChange={(steps) => (ui.attributionSteps.value = steps)}
      />
      <Select
        label="Baseline"
        value={ui.attributionBaseline.value}
        choices={BASELINES.filter(({ value }) => value !== 'example' || size > 1)}
        onChange={(value) =>
          (ui.attributionBaseline.value = BASELINES.find((each) => each.value === value)?.value ?? 'zeros')
        }
      />
      {ui.attributionBaseline.value === 'example' && (
        <NumberField
          label="Baseline input"
          value={inputNumber(baselineExample(example, size))}
          minimum={1}
          maximum={size}
          onChange={(other) => (ui.attributionOther.value = indexOfInput(other))}
        />
      )}
    </div>
  );
}

function IntegratedStart({ answer }: { answer: LongAnswer<AttributionAnswer> }): JSX.Element | null {
  if (answer.loading) {
    return (
      <LongWork label="Integrating gradients" progress={answer.progress} onStop={answer.stop} stopLabel="Cancel" />
    );
  }
  if (answer.value !== undefined) return null;
  return (
    <div class="button-row">
      <Button primary icon="play" onClick={answer.start}>
        Integrate gradients
      </Button>
    </div>
  );
}
