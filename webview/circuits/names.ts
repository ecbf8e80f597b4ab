/** What a node of a circuit is called. */
import { NODE_KINDS, type CircuitAnswer } from '../../src/protocol/circuits.js';
import { visible } from '../format/words.js';

/** “feature 12 of layer 3 at “ cat””. */
export function nodeName({ nodes, tokens, outputs }: CircuitAnswer, node: number): string {
  const token = `“${visible(tokens[nodes.position[node] as number] ?? '')}”`;
  switch (NODE_KINDS[nodes.kind[node] as number]) {
    case 'token':
      return `token ${token}`;
    case 'feature':
      return `feature ${nodes.feature[node]} of layer ${nodes.layer[node]} at ${token}`;
    case 'error':
      return `error of layer ${nodes.layer[node]} at ${token}`;
    default: {
      const output = outputs.find((each) => each.node === node);
      return output === undefined ? `target at ${token}` : `output ${output.text}`;
    }
  }
}

const OUTPUTS_NAMED = 3;

/** “Circuit of “ cat”, “ dog”, “ cow” and 7 more”. */
export function circuitTitle({ nodes, outputs, ...answer }: CircuitAnswer): string {
  if (outputs.length === 0) {
    const target = nodes.weight.findIndex((weight) => weight > 0);
    return `Circuit of ${target < 0 ? 'a feature' : nodeName({ nodes, outputs, ...answer }, target)}`;
  }
  const named = outputs.slice(0, OUTPUTS_NAMED).map(({ text }) => text);
  const more = outputs.length - named.length;
  return `Circuit of ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
