/**
 * Every model of the shared data is read, and its runnable form (weights by reference) gives bit for bit what the file
 * itself gives, in both engines. The cases are whatever the data folder holds; exceptions.ts names each one left out.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asProblem } from '../../src/core/errors.js';
import type { Engine } from '../../src/core/engine/engine.js';
import { openOnnx, type OnnxFile } from '../../src/core/formats/onnx/open.js';
import { toRunnable } from '../../src/core/formats/onnx/serialize.js';
import { createGraph } from '../../src/core/graph/graph.js';
import type { NamedTensors } from '../../src/core/tensor/tensor.js';
import { openFileSource } from '../../src/node/file-source.js';
import { siblingFiles } from '../../src/node/sibling-files.js';
import { ENGINES } from '../unit/engine/engines.js';
import { neededData, sharedData } from '../unit/shared-data.js';
import { conformanceCases, onnxFiles, randomFeeds, testData } from './cases.js';
import { comparedWithWhole, differentOutput, farOutput } from './compare.js';
import { isLeftOut, OPEN_SIZES } from './exceptions.js';

const folder = sharedData('.');

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
    const paths = onnxFiles(folder ?? '');
    let references = 0;
    for (const path of paths) {
      try {
        const bytes = readFileSync(join(folder ?? '', path));
        const file = await openFile(join(folder ?? '', path));
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
    expect(references).toBeGreaterThan(0);
  });
});

describe.skipIf(folder === undefined).each(ENGINES)('$name (needs the shared data)', ({ name, load }) => {
  it('runs every real model by reference as it runs the file', async () => {
    const engine = await load();
    const failures: string[] = [];
    const paths = onnxFiles(folder ?? '').filter((path) => !path.startsWith('onnx-conformance'));
    const taken = paths.filter((path) => !isLeftOut(basename(path), name));
    let references = 0;
    for (const path of taken) {
      const absolute = join(folder ?? '', path);
      const file = await openFile(absolute);
      const graph = createGraph(file.proto);
      const feeds = randomFeeds(graph, OPEN_SIZES[basename(path)] ?? {});
      await runBothWays(engine, absolute, file, feeds, failures);
      references += toRunnable(file.proto, dirname(absolute)).externalFiles.length;
    }
    console.log(`${name}: ${taken.length} of ${paths.length} real models run, ${references} with weights by reference`);
    expect(failures).toEqual([]);
    expect(taken.length).toBeGreaterThan(0.98 * paths.length);
    expect(references).toBeGreaterThan(taken.length / 2);
  });

  it('runs every case of the ONNX suite that it is known to run, both ways, with the expected outputs', async ({
    skip,
  }) => {
    const suite = neededData('onnx-conformance', skip);
    const engine = await load();
    const failures: string[] = [];
    const known = conformanceCases(suite).filter(({ ort }) => ort === 'pass');
    const taken = known.filter(({ path }) => !isLeftOut(path, name));
    for (const { path } of taken) {
      const model = join(suite, path, 'model.onnx');
      const file = await openFile(model);
      const { feeds, expected } = testData(model, createGraph(file.proto));
      const outputs = await runBothWays(engine, model, file, feeds, failures);
      const far = outputs && farOutput(outputs, expected, { relative: 1e-3, absolute: 1e-5 });
      if (far !== undefined) failures.push(`${path}: ${far} is not what the suite expects`);
    }
    console.log(`${name}: ${taken.length} of ${known.length} known cases run`);
    expect(failures).toEqual([]);
    expect(taken.length).toBeGreaterThan(0.99 * known.length);
  });
});
