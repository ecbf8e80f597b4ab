/** What passes know of units that do nothing, as facts about single units. */
import { deadUnits } from '../../core/passes/dead-units/pass.js';
import type { FileSubject, NetworkSubject } from '../../core/passes/pass.js';
import type { PassResult, ProofBox, RunResult } from '../../core/passes/result.js';
import { findStaticUnits, type StaticUnits } from '../../core/passes/static-dead-units/find.js';
import { count } from '../../core/passes/words.js';
import type { UnitFact } from '../../core/pruning/removable.js';
import type { UnitSource } from '../../core/pruning/unit-sources.js';
import type { ReadNumbers } from '../../core/rewrite/remove-units/numbers.js';
import { attributeFloat } from '../../core/graph/attributes.js';
import type { SourceSummary } from '../../protocol/pruning.js';

export interface FactsRequest {
  readonly sources: readonly UnitSource[];
  readonly subject: FileSubject & { readonly network: NetworkSubject };
  readonly read: ReadNumbers;
  /** What the pass of certificates says for the present box, or why it says nothing. */
  certify(): Promise<PassResult | string>;
  /** Undefined where it is not known and not to be found out. */
  runDeadUnits(): Promise<RunResult | undefined>;
}

export interface Facts {
  readonly facts: readonly UnitFact[];
  readonly summaries: readonly SourceSummary[];
  /** That the facts of bounds hold in. */
  readonly box?: ProofBox;
}

/** @throws as the passes do; CancelledError. */
export async function gatherFacts(request: FactsRequest): Promise<Facts> {
  const { sources, subject, read } = request;
  const facts: UnitFact[] = [];
  const summaries: SourceSummary[] = [];
  let box: ProofBox | undefined;
  const add = (source: UnitSource, found: readonly UnitFact[], text: string): void => {
    facts.push(...found);
    summaries.push({ source, units: found.length, text });
  };
  const layers =
    sources.includes('weights') || sources.includes('useless') ? await findStaticUnits(subject, subject.network) : [];
  if (sources.includes('weights')) {
    const found = await Promise.all(layers.map((layer) => constantUnits(layer, read)));
    add('weights', found.flat(), 'all of their incoming weights are 0');
  }
  if (sources.includes('bounds')) {
    const result = await request.certify();
    if (typeof result === 'string') add('bounds', [], result);
    else {
      box = result.box;
      // Without a box the answer says why nothing is certified.
      const text = box === undefined ? result.answer : `0 for every input in the box: ${box.text}`;
      add('bounds', box === undefined ? [] : certifiedUnits(result), text);
    }
  }
  if (sources.includes('useless')) {
    const found = layers.flatMap(({ node, useless }) =>
      useless.map((unit): UnitFact => ({ source: 'useless', value: node.outputs[0] ?? '', unit })),
    );
    add('useless', found, 'all weights that read them are 0');
  }
  if (sources.includes('data')) {
    const run = await request.runDeadUnits();
    const silent = run === undefined ? [] : silentUnits(run);
    const found = silent.filter(({ value }) => subject.network.graph.producerOf(value) !== undefined);
    const text =
      run === undefined
        ? 'nothing was run on the present inputs yet'
        : `0 everywhere on ${count(run.inputsSeen)} inputs (${run.data})`;
    add('data', found, text);
  }
  return { facts, summaries, ...(box === undefined ? {} : { box }) };
}

/** Units without incoming weights are their bias, whatever the input. */
async function constantUnits({ node, bias, dead, constant }: StaticUnits, read: ReadNumbers): Promise<UnitFact[]> {
  const units = [...dead, ...constant];
  if (units.length === 0) return [];
  const numbers = bias === undefined ? undefined : (await read(bias)).data;
  const scale = node.opType === 'Gemm' ? (attributeFloat(node, 'beta') ?? 1) : 1;
  return units.map((unit): UnitFact => {
    const own = numbers === undefined ? 0 : (numbers[numbers.length === 1 ? 0 : unit] ?? NaN);
    return { source: 'weights', value: node.outputs[0] ?? '', unit, constant: Math.fround(scale * own) };
  });
}

/** As the pass of certificates codes them: −1 can never fire. */
const NEVER_FIRES = -1;

function certifiedUnits({ unitMetrics }: PassResult): UnitFact[] {
  const codes = unitMetrics.find(({ id }) => id === 'certificate')?.values ?? {};
  return Object.entries(codes).flatMap(([value, verdicts]) => zerosAt('bounds', value, verdicts, NEVER_FIRES));
}

/** A firing rate of 0: it was exactly 0 at every place of every input. */
function silentUnits({ passes }: RunResult): UnitFact[] {
  const metrics = passes.find(({ pass }) => pass === deadUnits.id)?.unitMetrics ?? [];
  const rates = metrics.find(({ id }) => id === 'unit-firing-rate')?.values ?? {};
  return Object.entries(rates).flatMap(([value, each]) => zerosAt('data', value, each, 0));
}

function zerosAt(source: UnitSource, value: string, numbers: Float32Array, wanted: number): UnitFact[] {
  return Array.from(numbers).flatMap((number, unit) =>
    number === wanted ? [{ source, value, unit, constant: 0 }] : [],
  );
}
