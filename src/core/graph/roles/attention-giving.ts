/** Values that are made up of what one attention gives, and of constants alone: the outputs of attention in a wide sense. */
import { floatValues } from '../float-values.js';
import type { Graph } from '../graph.js';
import { detectActivationLayers } from '../layer-detection.js';
import { findAttention, type Attention } from './attention.js';
import { isConstantValue } from './constant-weight.js';

const MAXIMUM_NODES = 200;

/**
 * The attention whose weighted values, before or after the output projection, a normalisation or a constant factor behind
 * it, a value is. Undefined where anything else that moves with the input, a second attention or an activation function
 * has a part in it: the residual stream, a gate.
 */
export function attentionGiving(graph: Graph, value: string): Attention | undefined {
  const byOutput = new Map(findAttention(graph).map((each) => [each.z, each]));
  const floats = floatValues(graph);
  const bent = new Set(detectActivationLayers(graph).map((layer) => layer.value));
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const met = new Set<Attention>();
  const seen = new Set<string>();
  const waiting = [value];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name) || isConstantValue(graph, name)) continue;
    seen.add(name);
    const attention = byOutput.get(name);
    if (attention !== undefined) {
      met.add(attention);
      continue;
    }
    const node = graph.producerOf(name);
    if (bent.has(name) || inputs.has(name) || seen.size > MAXIMUM_NODES) return undefined;
    // Shapes and indices that are computed say where numbers go, not what they are.
    if (node !== undefined) waiting.push(...node.inputs.filter((input) => floats.has(input) || inputs.has(input)));
  }
  const [only, ...others] = met;
  return others.length === 0 ? only : undefined;
}
