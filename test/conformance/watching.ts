/** The test of one engine; each engine has a file of its own, so that both run at once. */
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { asProblem } from '../../src/core/errors.js';
import { openOnnx } from '../../src/core/formats/onnx/open.js';
import { createGraph } from '../../src/core/graph/graph.js';
import { openFileSource } from '../../src/node/file-source.js';
import { siblingFiles } from '../../src/node/sibling-files.js';
import { ENGINES } from '../unit/engine/engines.js';
import { neededData } from '../unit/shared-data.js';
import { casesToRun, collection, engineFailure, IS_USUAL_FOLDER, testData } from './cases.js';
import { INEXACT, isLeftOut, isNotObserved } from './exceptions.js';
import { checkValues, type ObservedCase, type ValueCounts } from './observed-values.js';

/**
 * Over every case of the ONNX suite that the engine runs: observing every value changes no output, what is observed is
 * what a run cut at that value gives, and a run cut at one output gives that output.
 */
export function watchEveryCase(engineName: string): void {
  const load = ENGINES.find(({ name }) => name === engineName)?.load;
  const title = `${engineName}: observing and cutting agree with the whole in every case (needs the shared data)`;
  it(title, { timeout: 1_800_000 }, async ({ skip }) => {
    const folder = neededData('.', skip);
    const engine = await load?.();
    if (engine === undefined) throw new Error(`There is no engine ${engineName}.`);
    const known = casesToRun(collection(folder)).filter((each) => !isLeftOut(each.name, engineName));
    const taken = known.filter((each) => !isNotObserved(each.name, engineName));
    const counts = noCounts();
    const wrong: string[] = [];
    for (const { name, path, ort } of taken) {
      const given = await openCase(path, INEXACT[name] !== undefined);
      const found = await checkValues(engine, given, counts).catch((error: unknown) => [
        `${asProblem(error).message} ${asProblem(error).place ?? ''}`,
      ]);
      const isUnknown = found.length > 0 && ort === undefined;
      const own = isUnknown ? await engineFailure(engine, path, () => given.feeds) : undefined;
      if (own === undefined) wrong.push(...found.map((text) => `${name}: ${text}`));
      else console.log(`not run by the engine itself: ${name}: ${own}`);
    }
    const { intermediate, compared, untold, observations, identical, close, outputs } = counts;
    console.log(
      `${engineName}: ${taken.length} of ${known.length} cases: ${compared} of ${intermediate} inner values compared ` +
        `with a run cut there (${untold} are no plain tensors), ${outputs} outputs with a run cut there, ` +
        `${observations} observed numbers with the values; optimised and observed, the outputs of ${identical} cases ` +
        `have the same bits, and those of ${close} are close`,
    );
    expect(wrong).toEqual([]);
    if (!IS_USUAL_FOLDER) return;
    expect(taken.length).toBeGreaterThan(0.99 * known.length);
    expect(compared).toBeGreaterThan(0.99 * intermediate);
    expect(outputs).toBeGreaterThanOrEqual(taken.length);
    expect(identical).toBeGreaterThan(0.98 * taken.length);
    expect(observations).toBeGreaterThan(taken.length);
  });
}

async function openCase(path: string, inexact: boolean): Promise<ObservedCase> {
  const source = await openFileSource(path);
  const { proto: model } = await openOnnx(source, siblingFiles(dirname(path)));
  await source.close();
  const graph = createGraph(model);
  return { model, graph, folder: dirname(path), feeds: testData(path, graph).feeds, inexact };
}

function noCounts(): ValueCounts {
  return { intermediate: 0, compared: 0, untold: 0, observations: 0, identical: 0, close: 0, outputs: 0 };
}
