/** Two inputs side by side: the same outputs, their votes and biases, and where they differ. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { LongWork } from '../../controls/long-work.js';
import { Spinner } from '../../controls/fields.js';
import { ProblemBox } from '../../shell/problem-box.js';
import { host } from '../../state/channel.js';
import { ui } from '../../state/interface-state.js';
import { useResource } from '../../state/resource.js';
import { chosenOutputs } from '../chosen-outputs.js';
import { positionDims } from '../ends.js';
import { InputPicker } from '../head/input-picker.js';
import { OutputChooser } from '../output-chooser.js';
import type { System } from '../system.js';
import { useVotes } from '../use-votes.js';
import { CompareLedger } from './compare-ledger.js';
import { CompareVotes } from './compare-votes.js';
import { inputNumber } from '../../../src/core/told-numbers.js';

export function Compare({ system, size }: { system: System; size: number }): JSX.Element {
  const { request, description } = system;
  const wanted = ui.linearSecond.value;
  const second = Math.min(size - 1, wanted ?? (request.example + 1) % size);
  const outputs = chosenOutputs(description);
  const other = useResource(
    (signal, onProgress) => {
      const asked = { ...request, example: second };
      return host.linearSystem(asked, signal, onProgress).then((found) => ({ request: asked, description: found }));
    },
    [system, second],
  );
  const ends = other.value?.description;
  const isComparable =
    ends !== undefined &&
    ends.to.values.length === description.to.values.length &&
    positionDims(ends.from.layout).join() === positionDims(description.from.layout).join() &&
    ends.layers.length === description.layers.length;
  const ours = useVotes(system, outputs);
  const theirs = useVotes(isComparable ? other.value : undefined, outputs);
  const pair = useMemo(
    () => (ours.value && theirs.value && other.value ? { ours: ours.value, theirs: theirs.value } : undefined),
    [ours.value, theirs.value, other.value],
  );
  const problem = other.error ?? ours.error ?? theirs.error;
  return (
    <>
      <div class="part-tools">
        <InputPicker
          label="Compared with input"
          example={second}
          size={size}
          onChange={(example) => (ui.linearSecond.value = example)}
        />
        <OutputChooser description={description} />
      </div>
      {problem && <ProblemBox problem={problem} action="Try again" onAction={retryOf([other, ours, theirs])} />}
      {other.loading && (
        <LongWork label={`Reading the network on input ${inputNumber(second)}`} progress={other.progress} />
      )}
      {second === request.example && <p class="note">This is the same input: everything is equal.</p>}
      {ends && !isComparable && (
        <p class="note">
          The two inputs give systems of different sizes, so that their votes have no places in common. Choose another
          input, or other ends.
        </p>
      )}
      {!problem && isComparable && pair === undefined && <Spinner label="Counting votes" />}
      {pair && isComparable && other.value && (
        <>
          <CompareVotes first={system} second={other.value} {...pair} />
          <CompareLedger first={system} second={other.value} {...pair} />
        </>
      )}
    </>
  );
}

function retryOf(resources: readonly { readonly error: unknown; readonly retry: () => void }[]): () => void {
  return () => resources.filter(({ error }) => error !== undefined).forEach(({ retry }) => retry());
}
