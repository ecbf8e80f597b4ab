/**
 * Features as circuit-tracer’s (and Anthropic’s) front end reads them, a JSON file each:
 * `features/<scan>/<cantor pair of layer and feature>.json`. Fields by github.com/safety-research/circuit-tracer,
 * circuit_tracer/frontend/feature_models.py and assets/feature_examples/init-feature-examples.js. Its `quantile_values` and
 * `histogram` are left out: what they count is not written down. It has no names of features: those are of graphs.
 */
import type { ExportedExample, ExportedFeature, ExportedSource } from './exported.js';

export function circuitTracerFeature({ sourceId }: ExportedSource, exported: ExportedFeature): string {
  const { feature, density, maximum, top, intervals, logits } = exported;
  const number = (value: number): string => String(Number(value.toPrecision(3)));
  const quantiles = [
    { quantile_name: 'Top activations', examples: examplesOf(top) },
    ...intervals.map(({ from, to, examples }) => ({
      quantile_name: `Activations from ${number(from)} to ${number(to)}`,
      examples: examplesOf(examples),
    })),
  ].filter(({ examples }) => examples.length > 0);
  const shown = quantiles.flatMap(({ examples }) => examples.flatMap((example) => example.tokens_acts_list));
  const text = JSON.stringify({
    transcoder_id: sourceId,
    index: feature,
    examples_quantiles: quantiles,
    ...(logits === undefined
      ? {}
      : {
          top_logits: logits.top.map((effect) => effect.text),
          bottom_logits: logits.bottom.map((effect) => effect.text),
        }),
    // The ends of the colour scale.
    act_min: shown.reduce((least, value) => Math.min(least, value), 0),
    act_max: maximum,
    activation_frequency: density,
  });
  return `${text}\n`;
}

interface TracedExample {
  readonly tokens_acts_list: readonly number[];
  readonly train_token_ind: number;
  /** Whether the same tokens came before: the front end shows them pale. */
  readonly is_repeated_datapoint: boolean;
  readonly tokens: readonly string[];
}

function examplesOf(excerpts: readonly ExportedExample[]): readonly TracedExample[] {
  const seen = new Set<string>();
  return excerpts.map(({ tokens, activations, at }) => {
    const key = JSON.stringify(tokens);
    const repeated = seen.has(key);
    seen.add(key);
    return {
      tokens_acts_list: Array.from(activations),
      train_token_ind: at,
      is_repeated_datapoint: repeated,
      tokens,
    };
  });
}
