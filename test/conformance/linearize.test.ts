/**
 * The linear twin of every model and of every case of the ONNX suite keeps the invariants of methods, section 0.1, under
 * both readings and a mixture of them; fused operators and their written-out twins are the same map (E3). What has no
 * reading is named in linearize-exceptions.ts, and must be told by the product in just those places.
 */
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { asProblem } from '../../src/core/errors.js';
import type { Engine } from '../../src/core/engine/engine.js';
import { openOnnx } from '../../src/core/formats/onnx/open.js';
import { createGraph, type GraphNode } from '../../src/core/graph/graph.js';
import { beforeSoftmax, firstFloatValues } from '../../src/core/rewrite/linearize/ends.js';
import type { Reading } from '../../src/core/rewrite/linearize/rule.js';
import { openFileSource } from '../../src/node/file-source.js';
import { siblingFiles } from '../../src/node/sibling-files.js';
import { ENGINES } from '../unit/engine/engines.js';
import { neededData, sharedData } from '../unit/shared-data.js';
import { collection, randomFeeds, testData } from './cases.js';
import { isLeftOut, OPEN_SIZES } from './exceptions.js';
import { checkCut, isDeclined, openSubject, rowsOf, type Subject } from './linearize-checks.js';
import { NOT_DIFFERENTIABLE, OTHER_TWIN, PARTLY_READ, UNREAD, UNUSABLE } from './linearize-exceptions.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = sharedData('.');
const FLOATS: ReadonlySet<string> = new Set(['float32', 'float64', 'float16']);

type Readings = Readonly<Record<string, Reading | ((node: GraphNode) => Reading)>>;

const READINGS: Readings = {
  frozen: 'frozen',
  tangent: 'tangent',
  mixture: ({ index }) => (index % 2 === 0 ? 'frozen' : 'tangent'),
};

interface Outcome {
  /** Readings that hold, those that lead nowhere because all is held still, and what else was found. */
  readonly held: readonly string[];
  readonly still: readonly string[];
  readonly unread: readonly string[];
  readonly failures: readonly string[];
}

/** All readings of one subject. */
async function checkAll(subject: Subject, from: readonly string[], to: readonly string[]): Promise<Outcome> {
  const [held, still, unread, failures]: string[][] = [[], [], [], []];
  for (const [name, reading] of Object.entries(READINGS)) {
    const ends = name === 'tangent' ? to : to.map((end) => beforeSoftmax(subject.graph, end));
    try {
      const checked = await checkCut(subject, from, ends, reading, name === 'tangent');
      failures?.push(...checked.failures.map((each) => `${name}: ${each}`));
      unread?.push(...checked.linearization.cutNodes.map(({ node, reason }) => `${node.opType}: ${reason}`));
      if (checked.failures.length === 0) held?.push(name);
    } catch (error) {
      const { message, place = '', remedy = '' } = asProblem(error);
      if (!isDeclined(error)) failures?.push(`${name}: ${message} ${place}`);
      else if (remedy.includes('held still')) still?.push(name);
      else unread?.push(remedy);
    }
  }
  return { held: held ?? [], still: still ?? [], unread: [...new Set(unread)], failures: failures ?? [] };
}

async function openModel(engine: Engine, path: string, feedsOf: 'test data' | 'random'): Promise<Subject | undefined> {
  const source = await openFileSource(path);
  const file = await openOnnx(source, siblingFiles(dirname(path)));
  await source.close();
  const graph = createGraph(file.proto);
  const feeds =
    feedsOf === 'random' ? randomFeeds(graph, OPEN_SIZES[basename(path)] ?? {}) : testData(path, graph).feeds;
  if (feedsOf === 'test data' && !Object.values(feeds).some(({ type }) => FLOATS.has(type))) return undefined;
  return openSubject(engine, file.proto, dirname(path), feeds, feedsOf === 'random' ? 'fed' : 'constant');
}

/** Floating-point ends that are not empty. */
function floatEnds({ values, feeds }: Subject, names: readonly string[]): string[] {
  return names.filter((name) => {
    const tensor = values[name] ?? feeds[name];
    return tensor !== undefined && FLOATS.has(tensor.type) && tensor.dims.every((size) => size > 0);
  });
}

describe.skipIf(folder === undefined).each(ENGINES)('$name (needs the shared data)', ({ name, load }) => {
  it('reads every real model and both samples', { timeout: 1_800_000 }, async () => {
    const engine = await load();
    const samples = collection(join(root, 'media/samples')).models;
    const shared = collection(folder ?? '').models.filter((path) => !isLeftOut(basename(path), name));
    const models = [...samples, ...shared].filter((path) => UNUSABLE[basename(path)] === undefined);
    const failures: string[] = [];
    const partly: string[] = [];
    for (const path of models) {
      const subject = await openModel(engine, path, 'random');
      if (subject === undefined) continue;
      const from = firstFloatValues(subject.graph, subject.shapes);
      const to = floatEnds(
        subject,
        subject.graph.outputs.map((output) => output.name),
      );
      const outcome = await checkAll(subject, from, to);
      failures.push(...outcome.failures.map((each) => `${basename(path)}: ${each}`));
      const isCut = PARTLY_READ[basename(path)] !== undefined;
      if (outcome.held.length === 0 && !isCut) failures.push(`${basename(path)}: not read: ${outcome.unread.join()}`);
      if (outcome.unread.length > 0) partly.push(basename(path));
    }
    console.log(
      `${name}: ${models.length} real models read, ${partly.length} of them up to an operator without a rule`,
    );
    expect(failures).toEqual([]);
    const present = new Set(models.map((path) => basename(path)));
    const listed = Object.keys(PARTLY_READ).filter((each) => present.has(each));
    expect(partly.sort()).toEqual(listed.sort());
    expect(models.length).toBeGreaterThan(0);
  });

  it('reads the differentiable cases of the ONNX suite', { timeout: 1_800_000 }, async ({ skip }) => {
    const suite = neededData('onnx-conformance', skip);
    const engine = await load();
    const failures: string[] = [];
    const counts = { cases: 0, still: 0, unread: 0, read: 0 };
    for (const { name: path, path: model } of collection(suite).cases.filter(({ ort }) => ort === 'pass')) {
      if (isLeftOut(path, name) || UNUSABLE[path] !== undefined) continue;
      const subject = await openModel(engine, model, 'test data');
      if (subject === undefined) continue;
      const from = floatEnds(
        subject,
        subject.graph.inputs.map((input) => input.name),
      ).slice(0, 1);
      const to = floatEnds(
        subject,
        subject.graph.outputs.map((output) => output.name),
      );
      if (from.length === 0 || to.length === 0) continue;
      counts.cases++;
      const outcome = await checkAll(subject, from, to);
      failures.push(...outcome.failures.map((each) => `${path}: ${each}`));
      const listed = UNREAD[path];
      if (outcome.unread.length > 0) {
        counts.unread++;
        if (listed === undefined) failures.push(`${path}: ${outcome.unread.join()}`);
      } else if (listed !== undefined) failures.push(`${path}: is read, but is listed as not`);
      else if (outcome.still.includes('tangent')) {
        counts.still++;
        if (NOT_DIFFERENTIABLE[path] === undefined) failures.push(`${path}: nothing moves`);
      } else if (outcome.held.includes('tangent')) counts.read++;
    }
    const differentiable = counts.cases - counts.still;
    console.log(
      `${name}: ${counts.cases} floating-point cases: ${counts.still} are steps, ${counts.read} of ${differentiable} are read`,
    );
    expect(failures).toEqual([]);
    expect(counts.read).toBeGreaterThanOrEqual(0.95 * differentiable);
  });

  it('makes the same map of a fused operator and of its written-out twin', { timeout: 1_800_000 }, async ({ skip }) => {
    const suite = neededData('onnx-conformance', skip);
    const engine = await load();
    const known = new Set(collection(suite).cases.flatMap(({ name: path, ort }) => (ort === 'pass' ? [path] : [])));
    const failures: string[] = [];
    let compared = 0;
    for (const twin of known) {
      const [path, suffix] = twin.split('_expanded');
      if (path === undefined || suffix === undefined || !known.has(path)) continue;
      if ([path, twin].some((each) => UNUSABLE[each] !== undefined || UNREAD[each] !== undefined)) continue;
      const [fused, written] = await Promise.all(
        [path, twin].map((each) => openModel(engine, join(suite, each, 'model.onnx'), 'test data')),
      );
      if (fused === undefined || written === undefined) continue;
      for (const reading of ['frozen', 'tangent'] as const) {
        const rows = await Promise.all([fused, written].map((subject) => firstRow(subject, reading)));
        const [a, b] = rows;
        if (a === undefined && b === undefined) continue;
        if (OTHER_TWIN[path] !== undefined && reading === 'frozen') continue;
        compared++;
        const size = [...(a ?? []), ...(b ?? [])].reduce((largest, each) => Math.max(largest, Math.abs(each)), 1e-6);
        const isHalf = Object.values(fused.values).some(({ type }) => type === 'float16');
        const same =
          a?.length === b?.length &&
          a?.every((each, i) => Math.abs(each - (b?.[i] ?? NaN)) <= (isHalf ? 2e-2 : 1e-3) * size);
        if (same !== true)
          failures.push(`${path} ${reading}: ${a?.slice(0, 4).join()} is not ${b?.slice(0, 4).join()}`);
      }
    }
    console.log(`${name}: ${compared} maps of fused operators compared with their written-out twins`);
    expect(failures).toEqual([]);
    expect(compared).toBeGreaterThan(0);
  });
});

/** The row of one seed, or undefined where all is held still. */
async function firstRow(subject: Subject, reading: Reading): Promise<readonly number[] | undefined> {
  const from = floatEnds(
    subject,
    subject.graph.inputs.map((input) => input.name),
  ).slice(0, 1);
  const to = floatEnds(
    subject,
    subject.graph.outputs.map((output) => output.name),
  ).slice(0, 1);
  if (from.length === 0 || to.length === 0) return undefined;
  try {
    return (await rowsOf(subject, from, to, reading))[0];
  } catch (error) {
    if (isDeclined(error)) return undefined;
    throw error;
  }
}
