/**
 * Every model of the shared data is read, and its runnable form (weights by reference) gives bit for bit what the file
 * itself gives, in both engines. The cases are whatever the data folder holds; exceptions.ts names each one left out.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asProblem } from '../../src/core/errors.js';
import type { Engine } from '../../src/core/engine/engine.js';
import { decodeOnnx, encodeOnnx } from '../../src/core/formats/onnx/decode.js';
import { openOnnx, type OnnxFile } from '../../src/core/formats/onnx/open.js';
import { toRunnable } from '../../src/core/formats/onnx/serialize.js';
import { createGraph, type Graph } from '../../src/core/graph/graph.js';
import type { NamedTensors } from '../../src/core/tensor/tensor.js';
import { openFileSource } from '../../src/node/file-source.js';
import { siblingFiles } from '../../src/node/sibling-files.js';
import { ENGINES } from '../unit/engine/engines.js';
import { sharedData } from '../unit/shared-data.js';
import { casesToRun, collection, engineFailure, IS_USUAL_FOLDER, randomFeeds, testData } from './cases.js';
import { comparedWithWhole, differentOutput, farOutput } from './compare.js';
import { isLeftOut, OPEN_SIZES } from './exceptions.js';

const folder = sharedData('.');
const { models, cases } = folder === undefined ? { models: [], cases: [] } : collection(folder);

async function openFile(path: string): Promise<OnnxFile> {
  const source = await openFileSource(path);
  const file = await openOnnx(source, siblingFiles(dirname(path)));
  await source.close();
  return file;
}

/** Outputs of a session that is opened for one run. */
async function runOnce(
  engine: Engine,
  model: Parameters<Engine['open']>[0],
  feeds: NamedTensors,
): Promise<NamedTensors> {
  const session = await engine.open(model, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Runs a file as it is and by reference. @returns its outputs; undefined and a line in `failures` when they differ. */
async function runBothWays(
  engine: Engine,
  path: string,
  file: OnnxFile,
  feeds: NamedTensors,
  failures: string[],
): Promise<NamedTensors | undefined> {
  try {
    const original = { bytes: readFileSync(path), externalFiles: [], folder: dirname(path) };
    const whole = await runOnce(engine, original, feeds);
    const byReference = await runOnce(engine, toRunnable(file.proto, dirname(path)), feeds);
    const different = differentOutput(whole, byReference);
    if (different === undefined) return byReference;
    failures.push(`${path}: ${different} differs between the file and its runnable form`);
  } catch (error) {
    failures.push(`${path}: ${asProblem(error).message} ${asProblem(error).place ?? ''}`);
  }
  return undefined;
}

describe.skipIf(folder === undefined)('every ONNX file (needs the shared data)', () => {
  it('has the same structure and values skimmed as decoded whole', async () => {
    const failures: string[] = [];
    const paths = [...models, ...cases.map(({ path }) => path)];
    let references = 0;
    for (const path of paths) {
      try {
        const bytes = readFileSync(path);
        const file = await openFile(path);
        const compared = await comparedWithWhole(file, bytes);
        if (compared === undefined) failures.push(`${path}: differs from the whole file`);
        references += compared ?? 0;
        for (const { message } of [...file.problems, ...createGraph(file.proto).problems])
          failures.push(`${path}: ${message}`);
      } catch (error) {
        failures.push(`${path}: ${asProblem(error).message}`);
      }
    }
    console.log(`${paths.length} files read, ${references} tensors by reference`);
    expect(failures).toEqual([]);
    expect(paths.length).toBeGreaterThan(0);
    if (IS_USUAL_FOLDER) expect(references).toBeGreaterThan(0);
  });
});

describe.skipIf(folder === undefined).each(ENGINES)('$name (needs the shared data)', ({ name, load }) => {
  it('runs every real model by reference as it runs the file', async () => {
    const engine = await load();
    const failures: string[] = [];
    const taken = models.filter((path) => !isLeftOut(basename(path), name));
    const notRun: string[] = [];
    let references = 0;
    for (const path of taken) {
      const feedsOf = (graph: Graph): NamedTensors => randomFeeds(graph, OPEN_SIZES[basename(path)] ?? {});
      const found: string[] = [];
      const file = await openFile(path);
      try {
        await runBothWays(engine, path, file, feedsOf(createGraph(file.proto)), found);
      } catch (error) {
        found.push(`${path}: ${asProblem(error).message}`);
      }
      const own = found.length === 0 ? undefined : await engineFailure(engine, path, feedsOf);
      if (own === undefined) failures.push(...found);
      else notRun.push(`${path}: ${own}`);
      references += toRunnable(file.proto, dirname(path)).externalFiles.length;
    }
    const ran = taken.length - notRun.length;
    console.log(`${name}: ${ran} of ${models.length} real models run, ${references} with weights by reference`);
    report(notRun);
    expect(failures).toEqual([]);
    if (!IS_USUAL_FOLDER) return;
    expect(notRun).toEqual([]);
    expect(ran).toBeGreaterThan(0.98 * models.length);
    expect(references).toBeGreaterThan(ran / 2);
  });

  it('runs every case that it is known to run, both ways and encoded whole, with the expected outputs', async () => {
    const engine = await load();
    const failures: string[] = [];
    const notRun: string[] = [];
    const known = casesToRun({ models, cases });
    const taken = known.filter((each) => !isLeftOut(each.name, name));
    let sameBytes = 0;
    for (const { name: shown, path, ort } of taken) {
      const file = await openFile(path);
      const feedsOf = (graph: Graph): NamedTensors => testData(path, graph).feeds;
      const { feeds, expected } = testData(path, createGraph(file.proto));
      const found: string[] = [];
      const outputs = await runBothWays(engine, path, file, feeds, found);
      const bytes = readFileSync(path);
      const encoded = encodeOnnx(decodeOnnx(bytes));
      // What is the same file runs as the same file.
      if (Buffer.compare(encoded, bytes) === 0) sameBytes++;
      else if (outputs !== undefined) {
        const again = await runOnce(engine, { bytes: encoded, externalFiles: [], folder: dirname(path) }, feeds);
        const different = differentOutput(outputs, again);
        if (different !== undefined) found.push(`${shown}: ${different} differs when the file is decoded and encoded`);
      }
      const own = found.length > 0 && ort === undefined ? await engineFailure(engine, path, feedsOf) : undefined;
      if (own !== undefined) notRun.push(`${shown}: ${own}`);
      else failures.push(...found);
      const far = outputs && farOutput(outputs, expected, { relative: 1e-3, absolute: 1e-5 });
      if (far !== undefined) failures.push(`${shown}: ${far} is not what the suite expects`);
    }
    console.log(
      `${name}: ${taken.length - notRun.length} of ${known.length} known cases run, of ${cases.length} in all; ` +
        `${sameBytes} have the same bytes when they are decoded and encoded, the others the same outputs`,
    );
    report(notRun);
    expect(failures).toEqual([]);
    if (IS_USUAL_FOLDER) expect(taken.length).toBeGreaterThan(0.99 * known.length);
  });
});

function report(notRun: readonly string[]): void {
  for (const each of notRun) console.log(`not run by the engine itself: ${each}`);
}
