/**
 * Features as Neuronpedia’s API and exports spell them, one JSON object a line (`features/batch-N.jsonl`). Fields by
 * github.com/hijohnnylin/neuronpedia, apps/webapp/prisma/schema.prisma, `model Neuron`, `model Explanation` and
 * `model Activation`; docs.neuronpedia.org, “Exports”. What is not known is left out.
 */
import { barValues, type ExportedExample, type ExportedFeature, type ExportedSource } from './exported.js';

/** One line, with its end. */
export function neuronpediaLine(source: ExportedSource, exported: ExportedFeature): string {
  return `${JSON.stringify(neuronpediaFeature(source, exported))}\n`;
}

function neuronpediaFeature({ modelId, sourceId, hookName }: ExportedSource, exported: ExportedFeature): object {
  const { feature, label, nonZero, maximum, tokens, histogram, top, intervals, logits } = exported;
  const { name, note } = label;
  return {
    modelId,
    layer: sourceId,
    // A text in Neuronpedia’s schema.
    index: String(feature),
    ...(hookName === undefined ? {} : { hookName }),
    ...(name === '' && note === ''
      ? {}
      : { explanations: [{ description: name, ...(note === '' ? {} : { notes: note }) }] }),
    frac_nonzero: nonZero,
    maxActApprox: maximum,
    freq_hist_data_bar_heights: histogram.counts,
    freq_hist_data_bar_values: barValues(histogram),
    ...(logits === undefined
      ? {}
      : {
          pos_str: logits.top.map(({ text }) => text),
          pos_values: logits.top.map(({ effect }) => effect),
          neg_str: logits.bottom.map(({ text }) => text),
          neg_values: logits.bottom.map(({ effect }) => effect),
          logits_hist_data_bar_heights: logits.histogram.counts,
          logits_hist_data_bar_values: barValues(logits.histogram),
        }),
    activations: [
      ...top.map((excerpt) => activation(excerpt)),
      ...intervals.flatMap(({ from, to, count, examples }) =>
        // “binContains” is a share of all tokens, as SAEDashboard has it (formats 5).
        examples.map((excerpt) => ({ ...activation(excerpt), binMin: from, binMax: to, binContains: count / tokens })),
      ),
    ],
  };
}

function activation({ inputName, tokens, activations, at }: ExportedExample): object {
  const values = Array.from(activations);
  const largest = Math.max(...values);
  return {
    tokens,
    values,
    maxValue: largest,
    maxValueTokenIndex: values.indexOf(largest),
    minValue: Math.min(...values),
    qualifyingTokenIndex: at,
    dataIndex: inputName,
  };
}
