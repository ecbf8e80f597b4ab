/** The network as it is: its loss, and what its neurons do at a sample of sites, on which thresholds rest. */
import { breather } from '../../breathe.js';
import { problem } from '../../errors.js';
import type { LossRuns } from '../../experiment/loss-runs.js';
import type { LossTotals } from '../../experiment/loss-totals.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { numbersOf, type Sweeps, type SweptBatch } from '../../experiment/sweeps.js';
import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import { graphWriter } from '../../rewrite/graph-writer.js';
import { prune } from '../../rewrite/prune.js';
import { sampling, spreadPlace } from '../../summary/row-sample.js';
import { elementCount, type NamedTensors } from '../../tensor/tensor.js';
import { cettCurve, tokenSteps, type CettCurve, type Outgoing, type TokenSteps } from './cett.js';
import { outgoingSquares, sampledSites, sampleGraph } from './mask-graph.js';
import { isSiteWise, type MaskedLayer } from './masked-layers.js';
import { filledSites } from './skipping.js';

export interface Calibration {
  readonly clean: LossTotals;
  /** By layer. */
  readonly layers: readonly CalibratedLayer[];
}

export interface CalibratedLayer {
  readonly layer: MaskedLayer;
  /** Sites that were sampled, spread evenly over the inputs and within each. */
  readonly sampled: number;
  /** |s| of the activation function at them, ascending. */
  readonly activations: Float32Array;
  /** Absent where whole activation layers are masked. */
  readonly curve?: CettCurve;
  /** Outputs of neurons are added up as vectors; otherwise they count as orthogonal. */
  readonly isExact: boolean;
}

const MOST_SITES = 1024;
const LEAST_SITES = 16;
/** Sampled activations that are held, and multiplications that CETT of them takes. */
const SAMPLE_BYTES = 32 * 2 ** 20;
const MULTIPLICATIONS = 2e9;
/** Larger outgoing weights are not copied out of the engine. */
const WEIGHT_BYTES = 256 * 2 ** 20;

export async function calibrate(
  subject: ExperimentSubject,
  model: ModelProto,
  layers: readonly MaskedLayer[],
  { runs, sweeps }: { readonly runs: LossRuns; readonly sweeps: Sweeps },
): Promise<Calibration> {
  sweeps.phase('Watching the network as it is');
  const { outputs, activations, model: sampled } = sampleGraph(model, layers);
  const both = [outputs, activations];
  const parts = both.map((names) => names.map((): Float32Array[] => []));
  const network = await runs.openClean(sampled, [...outputs, ...activations]);
  const sites = sampleSize(layers);
  let clean: LossTotals;
  try {
    clean = await network.loss({
      feeds: (batch) => sampleFeeds(subject, layers, sites, batch),
      fold(_batch, values) {
        both.forEach((names, kind) =>
          names.forEach((name, index) => parts[kind]?.[index]?.push(numbersOf(values, name).slice())),
        );
      },
    });
  } finally {
    await network.release();
  }
  sweeps.phase('Measuring what each neuron adds');
  const calibrated: CalibratedLayer[] = [];
  for (const [index, layer] of layers.entries()) {
    const [output, activation] = parts.map((each) => joined(each[index] ?? []));
    const outgoing = await outgoingOf(sweeps, model, layer);
    calibrated.push({
      layer,
      sampled: (output?.length ?? 0) / layer.neurons,
      activations: (activation ?? new Float32Array()).map(Math.abs).sort(),
      isExact: outgoing?.rows !== undefined,
      ...(outgoing === undefined || output === undefined
        ? {}
        : { curve: await curveOf(output, layer.neurons, outgoing, subject.signal) }),
    });
  }
  return { clean, layers: calibrated };
}

/** Sites of each layer to sample over all inputs. */
function sampleSize(layers: readonly MaskedLayer[]): number {
  const bytes = layers.reduce((sum, { neurons }) => sum + 2 * 4 * neurons, 0);
  const work = layers.reduce(
    (sum, layer) => sum + (isSiteWise(layer) ? layer.neurons * (layer.block?.down.outputs ?? 0) : 0),
    0,
  );
  const fitting = Math.min(MOST_SITES, SAMPLE_BYTES / bytes, MULTIPLICATIONS / Math.max(1, work));
  return Math.max(LEAST_SITES, Math.floor(fitting));
}

/** Which sites of a batch are sampled: as many of each input, evenly; of many inputs every so many-th. */
function sampleFeeds(
  subject: ExperimentSubject,
  layers: readonly MaskedLayer[],
  wanted: number,
  batch: SweptBatch,
): NamedTensors {
  const { every, perInput } = sampling(subject.dataset.size, wanted);
  const feeds: Record<string, NamedTensors[string]> = {};
  for (const sites of new Set(layers.map((layer) => layer.sites))) {
    const places: number[] = [];
    for (const [row, index] of batch.indices.entries()) {
      if (index % every !== 0) continue;
      const used = filledSites(subject, sites, batch, row);
      const taken = Math.min(perInput, used);
      for (let at = 0; at < taken; at++) places.push(row * sites + spreadPlace(at, taken, used));
    }
    feeds[sampledSites(sites)] = { type: 'int64', dims: [places.length], data: BigInt64Array.from(places, BigInt) };
  }
  return feeds;
}

/** The outgoing weights of a layer's neurons, from the engine, whatever the file stores them as. */
async function outgoingOf(sweeps: Sweeps, model: ModelProto, layer: MaskedLayer): Promise<Outgoing | undefined> {
  const { block, neurons } = layer;
  if (block === undefined) return undefined;
  const { weight, inputAxis } = block.down;
  const writer = graphWriter(model);
  const { values, others, squares } = outgoingSquares(writer, block.down);
  // Neurons first: one row of outgoing weights each.
  const rows = writer.node('Transpose', [values], { perm: [inputAxis, ...others] });
  const wanted = isSiteWise(layer) && 4 * elementCount(weight.dims) <= WEIGHT_BYTES ? [squares, rows] : [squares];
  const session = await sweeps.open(prune(writer.extend(model), wanted));
  try {
    const given = await session.run({});
    const norms = Float64Array.from(numbersOf(given, squares), Math.sqrt);
    if (norms.length !== neurons)
      throw problem('internal', `“${layer.label}” has weights of another size than neurons.`);
    return wanted.length === 1 ? { norms } : { norms, rows: numbersOf(given, rows) };
  } finally {
    await session.release();
  }
}

async function curveOf(
  output: Float32Array,
  neurons: number,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<CettCurve> {
  const pause = breather(signal);
  const tokens: TokenSteps[] = [];
  for (let start = 0; start < output.length; start += neurons) {
    tokens.push(tokenSteps(output.subarray(start, start + neurons), outgoing));
    await pause();
  }
  return cettCurve(tokens);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
