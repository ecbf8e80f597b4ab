/** What single features do on single inputs: of inputs whose rows were kept, without the network and the other features. */
import { rowsOfRun } from '../core/dataset/rows-of-run.js';
import type { Coder } from '../core/dictionary/coder.js';
import { competes, competitionOf, keptOf } from '../core/dictionary/competition.js';
import { CODER_FEATURES, featuresModel } from '../core/dictionary/graphs/coder-model.js';
import { runTiles, tileNumbers } from '../core/dictionary/run-tiles.js';
import { soloCoder } from '../core/dictionary/solo-coder.js';
import { usedFeeds } from '../core/engine/used-feeds.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import type { AttachedDictionary, OpenAttached } from '../core/features/attached.js';
import type { KeptInput, KeptRows } from '../core/features/kept-rows.js';

/** Of one feature at all tokens of an input. */
export type ActivationsOn = (input: number) => Promise<Float32Array>;

export interface ActivationSource {
  readonly subject: ExperimentSubject;
  readonly attached: AttachedDictionary;
  readonly reader: OpenAttached;
  readonly rows: KeptRows;
}

/** What the dictionary reads of an input. */
export async function rowsOn(
  { subject: { dataset }, reader, rows }: ActivationSource,
  input: number,
): Promise<KeptInput> {
  const known = rows.of(input);
  if (known !== undefined) return known;
  const { network, read } = reader;
  const batch = await dataset.batch(input, input + 1);
  const { feeds, filled } = batch;
  const { x } = read(await network.run(usedFeeds(network, feeds)), rowsOfRun(dataset, batch));
  return { rows: x.rows(0, x.upToPadding(filled?.[0])) };
}

/** Of several features on one input: the whole dictionary is run. @returns in their order. */
export async function activationsOfAll(
  source: ActivationSource,
  input: number,
  features: readonly number[],
): Promise<readonly Float32Array[]> {
  const all = source.attached.coder.features;
  const { rows } = await rowsOn(source, input);
  const found = features.map((): number[] => []);
  await source.reader.run(rows, (tile) => {
    for (let row = 0; row < tile.length / all; row++)
      features.forEach((feature, at) => found[at]?.push(tile[row * all + feature] as number));
  });
  return found.map((values) => Float32Array.from(values));
}

/**
 * @param see is told what the feature does on any input; each input is run once.
 * @throws ProblemError as engines and reading do.
 */
export async function withActivations<Value>(
  source: ActivationSource,
  feature: number,
  see: (activations: ActivationsOn) => Promise<Value>,
): Promise<Value> {
  const { subject, attached } = source;
  const once = (run: ActivationsOn): ActivationsOn => {
    const known = new Map<number, Promise<Float32Array>>();
    return (input) => {
      const found = known.get(input) ?? run(input);
      known.set(input, found);
      return found;
    };
  };
  const { coder, file, folder } = attached;
  const all: ActivationsOn = async (input) => (await activationsOfAll(source, input, [feature]))[0] as Float32Array;
  const competition = competitionOf(coder);
  if (competition === undefined && competes(coder)) return see(once(all));
  const alone = await soloCoder(coder, feature);
  const session = await subject.engine.open(await featuresModel(alone, file, folder), { threads: 1 });
  try {
    return await see(
      once(async (input) => {
        const { rows, floors } = await rowsOn(source, input);
        if (competition === undefined) return runAlone(session, alone, rows);
        if (floors === undefined) return all(input);
        const group = Math.floor((feature * competition.groups) / coder.features);
        return keptOf(await runAlone(session, alone, rows), floors, competition, group);
      }),
    );
  } finally {
    await session.release();
  }
}

async function runAlone(
  session: Parameters<typeof runTiles>[0],
  alone: Coder,
  rows: Float32Array,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  await runTiles(session, alone, rows, (outputs) => void parts.push(tileNumbers(outputs, CODER_FEATURES)));
  return parts[0] ?? new Float32Array();
}
