/** The sessions of a set of transcoders, opened once for all circuits of a model. */
import { noFeatures, type CircuitCoder } from '../core/circuits/circuit-coder.js';
import type { ReplacementModel, ReplacementSites } from '../core/circuits/replacement-model.js';
import { transcoderInCircuit } from '../core/circuits/transcoder.js';
import { totalWidth } from '../core/dictionary/coder.js';
import { checkMatrices } from '../core/dictionary/non-finite.js';
import { coderModel } from '../core/dictionary/graphs/coder-model.js';
import type { Session } from '../core/engine/engine.js';
import type { SystemModel } from '../core/linear/system-graphs.js';
import type { OpenedTranscoders } from './transcoder-set.js';

export interface OpenCoders {
  /** By L of “blocks.L”: values of the graph. */
  readonly places: ReadonlyMap<number, { readonly reads: string; readonly writes: string }>;
  readonly widths: ReadonlyMap<number, { readonly name: string; readonly reads: number; readonly writes: number }>;
  /** One for each site: without a transcoder one without features. */
  list(replacement: ReplacementModel, sites: ReplacementSites): readonly CircuitCoder[];
  release(): Promise<void>;
}

/** @throws ProblemError as reading weights and engines do. */
export async function openCoders({ placed }: OpenedTranscoders, { engine, threads }: SystemModel): Promise<OpenCoders> {
  const sessions: Session[] = [];
  const byWrites = new Map<string, CircuitCoder>();
  const release = async (): Promise<void> => {
    for (const session of sessions) await session.release();
  };
  try {
    for (const { name, writes, opened } of placed) {
      const { coder, file } = opened;
      await checkMatrices(coder);
      const session = await engine.open(await coderModel(coder, file.weights, file.folder), { threads });
      sessions.push(session);
      byWrites.set(writes, await transcoderInCircuit(coder, session, name));
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    places: new Map(placed.map(({ layer, reads, writes }) => [layer, { reads, writes }])),
    widths: new Map(
      placed.map(({ layer, name, opened: { coder } }) => [
        layer,
        { name, reads: totalWidth(coder.reads), writes: totalWidth(coder.writes) },
      ]),
    ),
    list: (replacement, { layers }) =>
      layers.map(({ writes }) => byWrites.get(writes) ?? noFeatures(replacement.width(writes))),
    release,
  };
}
