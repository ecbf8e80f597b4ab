/** A target of a circuit as a direction at a place: what a run of the model is read along. */
import type { CircuitNode } from '../core/circuits/attribution-graph.js';
import type { Reading } from '../core/circuits/intervention.js';
import { problem } from '../core/errors.js';
import type { MadeCircuit } from './circuit-questions.js';

export interface TargetReading {
  readonly reading: Reading;
  /** What the target has besides: biases of the encoder. */
  readonly offset: number;
}

/** @throws ProblemError `not-applicable` for what is no target. */
export async function readingOf(
  { sites, replacement, coders }: MadeCircuit,
  node: CircuitNode | undefined,
): Promise<TargetReading> {
  if (node?.kind === 'output') {
    const { position, direction } = node.target;
    return { reading: { value: sites.logits, position, direction }, offset: 0 };
  }
  if (node?.kind === 'feature') {
    const { position, layer, feature } = node;
    const found = await coders.list(replacement, sites)[layer]?.encoderRows([feature]);
    const direction = found?.rows ?? new Float32Array();
    return {
      reading: { value: sites.layers[layer]?.reads ?? '', position, direction },
      offset: found?.offsets[0] ?? 0,
    };
  }
  throw problem('not-applicable', 'Tokens and errors are made up of nothing in a circuit.', {
    remedy: 'Choose a feature or an output as the target.',
  });
}
