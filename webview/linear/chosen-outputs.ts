/** Which outputs are explained: those that a person chose, or the largest. */
import { MOST_VOTES, type SystemDescription } from '../../src/protocol/linear.js';
import { ui } from '../state/interface-state.js';
import { firstOutputs } from './ends.js';

export function chosenOutputs(description: SystemDescription): readonly number[] {
  const chosen = ui.linearOutputs.value;
  const { value, values } = description.to;
  const fits = chosen?.to === value && chosen.outputs.every((output) => output < values.length);
  return fits && chosen.outputs.length > 0 ? chosen.outputs : firstOutputs(description);
}

export function addOutput(description: SystemDescription, output: number): void {
  const outputs = chosenOutputs(description);
  if (outputs.includes(output) || outputs.length >= MOST_VOTES) return;
  ui.linearOutputs.value = { to: description.to.value, outputs: [...outputs, output] };
}

/** The last one stays: there is always something to see. */
export function removeOutput(description: SystemDescription, output: number): void {
  const outputs = chosenOutputs(description).filter((each) => each !== output);
  if (outputs.length > 0) ui.linearOutputs.value = { to: description.to.value, outputs };
}
