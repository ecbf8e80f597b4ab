/** Forwards with neurons skipped: what was lost, and which neurons were kept how often. */
import type { LossRuns, MeasuredNetwork } from '../../experiment/loss-runs.js';
import type { LossTotals } from '../../experiment/loss-totals.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { SweptBatch } from '../../experiment/sweeps.js';
import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import { countedSites, maskGraph, type Criterion } from './mask-graph.js';
import type { MaskedLayer } from './masked-layers.js';

/** One sweep. */
export interface Skipped {
  readonly totals: LossTotals;
  /** By layer: how often each neuron was kept, and over how many sites. */
  readonly layers: readonly { readonly kept: Float64Array; readonly sites: number }[];
  /** Share of all (site, neuron) entries of all layers that were skipped. */
  readonly sparsity: number;
}

export interface Skipping {
  at(levels: ArrayLike<number>): Promise<Skipped>;
  release(): Promise<void>;
}

export async function openSkipping(
  subject: ExperimentSubject,
  model: ModelProto,
  layers: readonly MaskedLayer[],
  criterion: Criterion,
  runs: LossRuns,
): Promise<Skipping> {
  const graph = maskGraph(model, layers, criterion);
  const network: MeasuredNetwork = await runs.open(graph.model, graph.kept);
  return {
    async at(levels) {
      const counts = layers.map(({ neurons }) => ({ kept: new Float64Array(neurons), sites: 0 }));
      const totals = await network.loss({
        feeds: (batch) => ({ ...graph.feeds(levels), ...siteFeeds(subject, layers, batch) }),
        fold(batch, values) {
          counts.forEach((count, index) => {
            const kept = values[graph.kept[index] ?? '']?.data as Float32Array;
            kept.forEach((times, neuron) => (count.kept[neuron] = (count.kept[neuron] as number) + times));
            count.sites += countOf(subject, layers[index]?.sites ?? 0, batch);
          });
        },
      });
      return { totals, layers: counts, sparsity: sparsityOf(counts) };
    },
    release: () => network.release(),
  };
}

/** Share of (site, neuron) entries that were skipped. */
export function sparsityOf(layers: Skipped['layers']): number {
  const entries = layers.reduce((sum, { kept, sites }) => sum + kept.length * sites, 0);
  const kept = layers.reduce((sum, layer) => sum + layer.kept.reduce((all, each) => all + each, 0), 0);
  return 1 - kept / entries;
}

/** Sites of an example that hold something. */
export function filledSites(
  { dataset }: Pick<ExperimentSubject, 'dataset'>,
  sites: number,
  { filled }: SweptBatch,
  row: number,
): number {
  return dataset.paddedLength === sites ? (filled?.[row] ?? sites) : sites;
}

function countOf(subject: ExperimentSubject, sites: number, batch: SweptBatch): number {
  return batch.indices.reduce((sum, _, row) => sum + filledSites(subject, sites, batch, row), 0);
}

/** 1 for sites that count; 0 for padding, and for the padding rows of a graph that fixes its batch. */
function siteFeeds(subject: ExperimentSubject, layers: readonly MaskedLayer[], batch: SweptBatch): NamedTensors {
  const { maximumBatch } = subject.dataset;
  const rows = Number.isFinite(maximumBatch) ? maximumBatch : batch.indices.length;
  return Object.fromEntries(
    [...new Set(layers.map(({ sites }) => sites))].map((sites) => {
      const data = new Float32Array(rows * sites);
      for (const row of batch.indices.keys()) {
        data.fill(1, row * sites, row * sites + filledSites(subject, sites, batch, row));
      }
      return [countedSites(sites), { type: 'float32' as const, dims: [1, rows * sites], data }];
    }),
  );
}
