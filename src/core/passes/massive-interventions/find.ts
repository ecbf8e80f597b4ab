/** Where massive entries and outlier dimensions are, and what stands there on average. */
import { exampleTokens } from '../../dataset/example-tokens.js';
import type { LossRuns } from '../../experiment/loss-runs.js';
import type { LossTotals } from '../../experiment/loss-totals.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { numbersOf, type Sweeps, type SweptBatch } from '../../experiment/sweeps.js';
import type { Session } from '../../engine/engine.js';
import { usedFeeds } from '../../engine/used-feeds.js';
import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import type { ObservedLayer } from '../../graph/layers.js';
import { graphWriter } from '../../rewrite/graph-writer.js';
import { prune } from '../../rewrite/prune.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import {
  createPointMagnitudes,
  foldPointMagnitudes,
  meanOf,
  outlierDimensions,
  type PointMagnitudes,
} from '../point-magnitudes.js';
import { foundEntries, type EntryRule } from './entries.js';
import { offsetOf, streamValues, type StreamValues } from './stream-values.js';

export interface Found {
  /** Where entries are taken away: the first point with massive ones; where there are none, that of the largest ratio. */
  readonly magnitudes: PointMagnitudes;
  readonly rule: EntryRule;
  /** Outlier dimensions of the point, ascending. */
  readonly dimensions: readonly number[];
}

/** What stands at the point on average, over all inputs; what is not finite is left out. */
export interface Means {
  /** By unit: over the found entries in it; where none is, over all of its entries. */
  readonly found: Float64Array;
  /** By unit: over all positions. */
  readonly all: Float64Array;
  /** Found entries over all inputs. */
  readonly entries: number;
}

/** The clean network: its loss, and the size of its stream at every point. */
export async function findMassive(
  subject: ExperimentSubject,
  model: ModelProto,
  points: readonly ObservedLayer[],
  { runs, sweeps }: { readonly runs: LossRuns; readonly sweeps: Sweeps },
): Promise<{ readonly clean: LossTotals; readonly found: Found | undefined }> {
  sweeps.phase('Watching the residual stream as it is');
  const writer = graphWriter(model);
  const outputs = points.map(({ value }) => writer.castToFloat(value));
  const network = await runs.openClean(writer.extend(model), outputs);
  const states = points.map(createPointMagnitudes);
  try {
    const clean = await network.loss({
      async fold(batch, values) {
        const tokens = await exampleTokens(subject.dataset, batch);
        states.forEach((state, at) => {
          valuesOf(subject, state.point, batch, values, outputs[at] ?? '').forEach((each, row) => {
            foldPointMagnitudes(state, oneInput(state.point, each, tokens?.[row]));
          });
        });
      },
    });
    return { clean, found: chosen(states.filter(({ inputs }) => inputs > 0)) };
  } finally {
    await network.release();
  }
}

function chosen(states: readonly PointMagnitudes[]): Found | undefined {
  const massive = states.find(({ massiveInputs }) => massiveInputs > 0);
  const ratioOf = (state: PointMagnitudes): number => meanOf(state.ratios, state);
  const [first] = states;
  if (first === undefined) return undefined;
  const magnitudes = massive ?? states.reduce((most, each) => (ratioOf(each) > ratioOf(most) ? each : most), first);
  return {
    magnitudes,
    rule: massive === undefined ? 'largest' : 'massive',
    dimensions: outlierDimensions(magnitudes),
  };
}

/** As passes see a batch. */
function oneInput(
  point: ObservedLayer,
  { index, data, start, layout }: StreamValues,
  tokens: readonly string[] | undefined,
): Parameters<typeof foldPointMagnitudes>[1] {
  const observed = { data: data.subarray(start), examples: 1, columns: 0, entries: 0, layout };
  return { indices: [index], layers: [point], get: () => observed, ...(tokens && { tokens: [tokens] }) };
}

function valuesOf(
  subject: ExperimentSubject,
  point: ObservedLayer,
  batch: SweptBatch,
  values: NamedTensors,
  name: string,
): readonly StreamValues[] {
  return streamValues(subject, point, batch, { data: numbersOf(values, name), dims: values[name]?.dims ?? [] });
}

/** The network as far as one point of its stream. */
export interface Prefix {
  /** @returns values of each input, and the axes of all of them. */
  read(batch: SweptBatch): Promise<{ readonly inputs: readonly StreamValues[]; readonly dims: readonly number[] }>;
  means(rule: EntryRule): Promise<Means>;
  release(): Promise<void>;
}

export async function openPrefix(
  subject: ExperimentSubject,
  model: ModelProto,
  point: ObservedLayer,
  sweeps: Sweeps,
): Promise<Prefix> {
  const writer = graphWriter(model);
  const output = writer.castToFloat(point.value);
  const session: Session = await sweeps.open(prune(writer.extend(model), [output]));
  return {
    async read(batch) {
      const values = await session.run(usedFeeds(session, batch.feeds));
      return { inputs: valuesOf(subject, point, batch, values, output), dims: values[output]?.dims ?? [] };
    },
    async means(rule) {
      sweeps.phase('Averaging what stands there');
      const sums = createSums(point.units);
      await sweeps.run({
        session,
        fold(batch, values) {
          for (const each of valuesOf(subject, point, batch, values, output)) addTo(sums, each, rule);
        },
      });
      const all = sums.all.map((sum, unit) => sum / Math.max(1, sums.counts[unit] as number));
      const found = sums.found.map((sum, unit) => {
        const count = sums.foundCounts[unit] as number;
        return count === 0 ? (all[unit] as number) : sum / count;
      });
      return { found, all, entries: sums.entries };
    },
    release: () => session.release(),
  };
}

const createSums = (units: number) => ({
  all: new Float64Array(units),
  counts: new Float64Array(units),
  found: new Float64Array(units),
  foundCounts: new Float64Array(units),
  entries: 0,
});

function addTo(sums: ReturnType<typeof createSums>, values: StreamValues, rule: EntryRule): void {
  const { data, layout } = values;
  const add = (into: Float64Array, unit: number, number: number): void => {
    into[unit] = (into[unit] as number) + number;
  };
  for (let unit = 0; unit < layout.unitOffsets.length; unit++) {
    for (let position = 0; position < layout.positionOffsets.length; position++) {
      const value = data[offsetOf(values, unit, position)] as number;
      if (!Number.isFinite(value)) continue;
      add(sums.all, unit, value);
      add(sums.counts, unit, 1);
    }
  }
  for (const { unit, position } of foundEntries(values, rule)) {
    add(sums.found, unit, data[offsetOf(values, unit, position)] as number);
    add(sums.foundCounts, unit, 1);
    sums.entries++;
  }
}
