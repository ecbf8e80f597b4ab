import type { Graph } from '../../graph/graph.js';
import type { ActivationLayer } from '../../graph/layers.js';
import { unitAxes } from '../../graph/unit-axes.js';
import type { TargetBounds } from '../../rewrite/linearize/bounds/run-bounds.js';
import type { Bounds } from '../../rewrite/linearize/bounds/write-bounds.js';
import { judge, judgedInput, unitIndices, unitVerdicts, type Verdict } from './verdicts.js';

/** What is proven of the units of one activation layer. */
export interface CertifiedLayer {
  readonly layer: ActivationLayer;
  readonly verdicts: readonly Verdict[];
  /** Bounds of the input of the activation function, by unit: over all sites. */
  readonly lower: Float32Array;
  readonly upper: Float32Array;
  readonly method: TargetBounds['method'];
  /** "neurons", "channels". */
  readonly unitWord: string;
}

/** Layers whose function is flat or straight somewhere and whose input has bounds. */
export function certifiedLayers(
  graph: Graph,
  layers: readonly ActivationLayer[],
  bounds: Bounds,
  targets: ReadonlyMap<string, TargetBounds>,
): readonly CertifiedLayer[] {
  const steps = new Map(bounds.steps.map((step) => [step.output, step]));
  return layers.flatMap((layer): CertifiedLayer[] => {
    const step = steps.get(layer.value);
    const input = step === undefined ? '' : judgedInput(graph, step.node);
    const ends = targets.get(input);
    const verdict = step === undefined ? undefined : judge(graph, step.node);
    if (ends === undefined || verdict === undefined) return [];
    const shape = bounds.shape(input);
    if (shape.join() !== bounds.shape(layer.value).join()) return [];
    const axes = unitAxes(graph, layer.value, shape.length);
    const verdicts = unitVerdicts(ends, shape, axes, verdict);
    const [lower, upper] = [
      new Float32Array(verdicts.length).fill(Infinity),
      new Float32Array(verdicts.length).fill(-Infinity),
    ];
    for (const [site, unit] of unitIndices(shape, axes).entries()) {
      lower[unit] = Math.min(lower[unit] ?? NaN, ends.lower[site] ?? NaN);
      upper[unit] = Math.max(upper[unit] ?? NaN, ends.upper[site] ?? NaN);
    }
    const unitWord = axes.includes(1) && shape.length > 2 ? 'channels' : 'neurons';
    return [{ layer, verdicts, lower, upper, method: ends.method, unitWord }];
  });
}

export function unitsWith({ verdicts }: CertifiedLayer, verdict: Verdict): number[] {
  return verdicts.flatMap((each, unit) => (each === verdict ? [unit] : []));
}
