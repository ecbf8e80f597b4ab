/** Runs of a network from whose residual stream something was taken away. */
import type { LossRuns } from '../../experiment/loss-runs.js';
import type { LossTotals } from '../../experiment/loss-totals.js';
import type { SweptBatch } from '../../experiment/sweeps.js';
import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import { elementCount, type NamedTensors, type Tensor } from '../../tensor/tensor.js';
import { foundEntries, randomDimensions, randomEntries } from './entries.js';
import type { Found, Means, Prefix } from './find.js';
import { replacingGraph, unitMask } from './replace-entries.js';
import { offsetOf } from './stream-values.js';

/** Random draws that stand beside what was found. */
export const DRAWS = 3;

export interface Intervention {
  readonly what: 'entries' | 'dimensions';
  readonly to: 'zero' | 'mean';
  /** A control: as many at random, of this draw. */
  readonly draw?: number;
}

export interface Measured {
  readonly intervention: Intervention;
  /** Entries that were replaced of an input, on average; dimensions. */
  readonly replaced: number;
  readonly totals: LossTotals;
}

/** What was found first, then the controls. */
export function interventions({ dimensions }: Found): readonly Intervention[] {
  const whats = dimensions.length === 0 ? (['entries'] as const) : (['entries', 'dimensions'] as const);
  const found = whats.flatMap((what) => (['zero', 'mean'] as const).map((to): Intervention => ({ what, to })));
  const draws = Array.from({ length: DRAWS }, (_, draw) => draw);
  return [...found, ...draws.flatMap((draw) => found.map((each) => ({ ...each, draw })))];
}

export interface Interventions {
  measure(intervention: Intervention): Promise<Measured>;
  release(): Promise<void>;
}

export async function openInterventions(
  model: ModelProto,
  found: Found,
  { prefix, means, runs }: { readonly prefix: Prefix; readonly means: Means; readonly runs: LossRuns },
): Promise<Interventions> {
  const { point } = found.magnitudes;
  const graph = replacingGraph(model, point);
  const network = await runs.open(graph.model);
  return {
    async measure(intervention) {
      const { what, to, draw } = intervention;
      const standing = what === 'entries' && draw === undefined ? means.found : means.all;
      const replacements = to === 'zero' ? new Float64Array(point.units) : standing;
      if (what === 'dimensions') {
        const units = draw === undefined ? found.dimensions : randomDimensions(point.units, found.dimensions, draw);
        const mask = unitMask(point, units);
        const feeds = (batch: SweptBatch): NamedTensors => graph.feeds(batch.feeds, mask, replacements);
        return { intervention, replaced: units.length, totals: await network.loss({ feeds }) };
      }
      let replaced = 0;
      const feeds = async (batch: SweptBatch): Promise<NamedTensors> => {
        const { inputs, dims } = await prefix.read(batch);
        const data = new Uint8Array(elementCount(dims));
        for (const each of inputs) {
          const own = foundEntries(each, found.rule);
          const entries = draw === undefined ? own : randomEntries(each, own, draw);
          for (const { unit, position } of entries) data[offsetOf(each, unit, position)] = 1;
          replaced += entries.length;
        }
        const mask: Tensor = { type: 'bool', dims, data };
        return graph.feeds(batch.feeds, mask, replacements);
      };
      const totals = await network.loss({ feeds });
      return { intervention, replaced: replaced / totals.sums.length, totals };
    },
    release: () => network.release(),
  };
}
