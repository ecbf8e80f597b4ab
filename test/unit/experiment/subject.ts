/** A network and inputs written out by hand, as an experiment sees them. */
import type { Dataset, Targets } from '../../../src/core/dataset/dataset.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { DEFAULT_ALLOWED_LOSS_INCREASE } from '../../../src/core/experiment/allowed-loss-increase.js';
import type { ExperimentProgress, ExperimentSubject } from '../../../src/core/experiment/subject.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers } from '../../../src/core/graph/layer-detection.js';
import type { Experiment } from '../../../src/core/passes/pass.js';
import { watchedBy } from '../../../src/core/passes/watched.js';
import { onInputs } from '../../../src/core/passes/run.js';
import { probeLayers } from '../../../src/core/rewrite/probe.js';
import { elementCount, type Tensor } from '../../../src/core/tensor/tensor.js';
import { runnable } from '../engine/engines.js';

export interface ByHand {
  readonly input: string;
  /** Of one example. */
  readonly dims: readonly number[];
  readonly type?: 'float32' | 'int64';
  /** One row of values per example. */
  readonly rows: readonly (readonly number[])[];
  readonly targets?: readonly Targets[];
  readonly classes?: readonly string[];
  readonly synthetic?: boolean;
  /** Positions of every example, where `targets` say how many of them are filled. */
  readonly paddedLength?: number;
}

export function datasetOf({
  input,
  dims,
  type = 'float32',
  rows,
  targets,
  classes,
  synthetic = false,
  paddedLength,
}: ByHand): Dataset {
  const size = elementCount(dims);
  return {
    size: rows.length,
    description: `${rows.length} inputs by hand`,
    synthetic,
    key: 'by hand',
    maximumBatch: Infinity,
    skipped: [],
    async batch(start, end) {
      const taken = rows.slice(start, end);
      const values = taken.flat();
      if (values.length !== taken.length * size) throw new Error('A row has another size than its shape.');
      const data = type === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
      const tensor: Tensor = { type, dims: [taken.length, ...dims], data };
      const indices = taken.map((_, row) => start + row);
      const filled = indices.map((index) => targets?.[index]?.filled ?? 0);
      return { feeds: { [input]: tensor }, indices, ...(paddedLength === undefined ? {} : { filled }) };
    },
    preview: async (index) => ({ kind: 'array', name: String(index), dims, values: rows[index] ?? [] }),
    label: () => undefined,
    ...(classes === undefined ? {} : { classes }),
    ...(paddedLength === undefined ? {} : { paddedLength }),
    targets: async (index) => targets?.[index] ?? {},
  };
}

export interface SubjectOptions {
  readonly batchSize?: number;
  readonly allowedLossIncrease?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ExperimentProgress) => void;
  /** Whose watched values are probed, too. */
  readonly experiment?: Experiment;
  /** For weights outside the model. */
  readonly toRunnable?: ExperimentSubject['toRunnable'];
}

export async function subjectOf(
  model: ModelProto,
  dataset: Dataset,
  engine: Engine,
  {
    batchSize = 2,
    allowedLossIncrease = DEFAULT_ALLOWED_LOSS_INCREASE,
    signal = new AbortController().signal,
    onProgress = () => undefined,
    experiment,
    toRunnable = (each) => runnable(each),
  }: SubjectOptions = {},
): Promise<ExperimentSubject> {
  const graph = createGraph(model);
  const layers = detectActivationLayers(graph).filter(({ family }) => family !== 'distribution');
  const watching = watchedBy(experiment === undefined ? [] : [experiment], { graph, layers });
  const all = [...layers, ...watching.values];
  const probe = await probeLayers({ engine, threads: 1, graph, toRunnable, layers: all, dataset });
  return {
    graph,
    layers: probe.layers.filter(({ value }) => layers.some((layer) => layer.value === value)),
    watched: watching.by(probe.layers).get(experiment?.id ?? '') ?? [],
    dataset,
    batchSize,
    allowedLossIncrease,
    engine,
    threads: 1,
    toRunnable,
    onInputs: (seen) => onInputs(dataset, seen),
    signal,
    onProgress,
  };
}
