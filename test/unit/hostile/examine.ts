/** Opens a file as the product does, asks everything that a person would see of it, and watches what that takes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ProblemError, type Problem } from '../../../src/core/errors.js';
import { hasBody, innerScope, mainScope } from '../../../src/core/graph/graph-scopes.js';
import type { Graph } from '../../../src/core/graph/graph.js';
import { nodeDetail } from '../../../src/core/graph/node-detail.js';
import { explainNode } from '../../../src/core/graph/operators/explain-node.js';
import { outline } from '../../../src/core/graph/outline.js';
import { overview } from '../../../src/core/graph/overview.js';
import { pathBetween, type PathEnd } from '../../../src/core/graph/path.js';
import { scopePicture } from '../../../src/core/graph/picture/scope-picture.js';
import { parseQuery } from '../../../src/core/graph/search/parse-query.js';
import { searchGraph } from '../../../src/core/graph/search/search-graph.js';
import { loadOperators } from '../../../src/node/operators.js';
import { openModelFile, type ModelFile, type Network } from '../../../src/worker/open-model.js';
import { tensorRows } from '../../../src/worker/tensor-rows.js';
import { memoryWatch } from '../../fuzz/judge.js';
import { readEnds } from '../../fuzz/read-ends.js';

const OPERATORS = new URL('../../../media/operators.json', import.meta.url).pathname;
const MEGABYTE = 1024 * 1024;
/** Bodies in bodies that are opened one in the other. */
const DEEPEST_OPENED = 40;

/** What a person gets to see of a file: plain data, as it would go to the page. */
export interface Seen {
  readonly shown: unknown;
  readonly tensors: readonly string[];
  /** Those without values: why is shown. */
  readonly unreadable: readonly string[];
  /** What is wrong with the file although it opens, reading its values included. */
  readonly problems: readonly Problem[];
  /** Items of the graph's picture; undefined where the file has no graph. */
  readonly pictured?: number;
}

export interface Examined {
  readonly seen?: Seen;
  /** Why it was not opened. */
  readonly rejected?: Problem;
  /**
   * What the longest of all questions took, opening among them: time of this process on all cores, which other programs
   * on the machine lengthen little.
   */
  readonly milliseconds: number;
  readonly megabytes: number;
  /** What it may take: four times its size, and 64 MB. */
  readonly allowedMegabytes: number;
}

export interface HostileFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly siblings?: Readonly<Record<string, Uint8Array>>;
}

/** @throws what is no ProblemError: a defect of the product. */
export async function examine({ name, bytes, siblings = {} }: HostileFile): Promise<Examined> {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  let size = bytes.length;
  for (const [path, content] of [[name, bytes] as const, ...Object.entries(siblings)]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    size += path === name ? 0 : content.length;
  }
  const allowedMegabytes = (4 * size) / MEGABYTE + 64;
  let best: Examined | undefined;
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      const now = await once(join(folder, name));
      // What other tests left behind, and code that runs for the first time, is not the file's fault.
      const { milliseconds, megabytes } = best ?? now;
      best = {
        ...now,
        milliseconds: Math.min(now.milliseconds, milliseconds),
        megabytes: Math.min(now.megabytes, megabytes),
        allowedMegabytes,
      };
      if (best.milliseconds < 1000 && best.megabytes < allowedMegabytes) break;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (best === undefined) throw new Error('It was not tried.');
  return best;
}

async function once(path: string): Promise<Omit<Examined, 'allowedMegabytes'>> {
  const memory = memoryWatch();
  let milliseconds = 0;
  const ask: Ask = async (question) => {
    const before = process.cpuUsage();
    try {
      return await question();
    } finally {
      const { user, system } = process.cpuUsage(before);
      milliseconds = Math.max(milliseconds, (user + system) / 1000);
    }
  };
  let outcome: Pick<Examined, 'seen' | 'rejected'>;
  try {
    outcome = { seen: await lookAt(path, ask) };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    outcome = { rejected: error.problem };
  }
  return { ...outcome, milliseconds, megabytes: memory.taken() / MEGABYTE };
}

/** Asks one question, and takes its time. */
type Ask = <T>(question: () => T | Promise<T>) => Promise<T>;

/** @throws ProblemError where the file does not open. */
export async function lookAt(path: string, ask: Ask = async (question) => question()): Promise<Seen> {
  const file = await ask(() => openModelFile(path));
  try {
    const { weights, network } = file;
    const problems: Problem[] = [...weights.problems, ...(network?.problems ?? [])];
    // What is wrong with a tensor is told when its values are read.
    await ask(() => readEnds(weights)).catch((error: unknown) => {
      if (!(error instanceof ProblemError)) throw error;
      problems.push(error.problem);
    });
    const facts = await ask(() => overview(file.fileName, weights, network?.graph, network?.problems ?? []));
    const rows = await ask(() => tensorRows(weights, 0));
    const tensors = weights.tensors.map(({ name }) => name);
    const unreadable = weights.tensors.filter(({ values }) => values === undefined).map(({ name }) => name);
    const seen = { shown: [facts, rows, problems], tensors, unreadable, problems };
    if (network === undefined) return seen;
    const { shown, pictured } = await lookAtGraph(file, network, ask);
    return { ...seen, shown: [facts, rows, problems, shown], pictured };
  } finally {
    await file.close();
  }
}

async function lookAtGraph(
  { path }: ModelFile,
  { graph, tree, layers, onnx, toRunnable }: Network,
  ask: Ask,
): Promise<{ readonly shown: unknown; readonly pictured: number }> {
  const picture = await ask(() => scopePicture({ scope: mainScope(graph) }));
  const details = await ask(() => picture.items.slice(0, 50).map(({ id }) => nodeDetail(graph, id)));
  const operators = await loadOperators(OPERATORS);
  const explained = await ask(() => graph.nodes.slice(0, 50).map((node) => explainNode(graph, node, operators)));
  const ends = [graph.nodes.slice(0, 1), graph.nodes.slice(-1)].map((nodes) =>
    nodes.map(({ index }): PathEnd => ({ kind: 'node', index })),
  );
  if (graph.nodes.length > 0) await ask(() => pathBetween(graph, ends[0] ?? [], ends[1] ?? []));
  const query = parseQuery('name:*a*', []);
  if ('query' in query) await ask(() => searchGraph(graph, query.query));
  const runnable = await ask(() => toRunnable(onnx.proto));
  if (runnable.bytes.length === 0) throw new Error(`${path} runs as nothing`);
  const bodies = await openBodies(graph, ask);
  return {
    shown: [picture, details, explained, await ask(() => outline(tree, layers)), bodies],
    pictured: picture.items.length,
  };
}

/** Opens the first body of the first node that has one, and so on. @returns the pictures, and how it ends. */
async function openBodies(main: Graph, ask: Ask): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  try {
    for (let scope = mainScope(main); seen.length < DEEPEST_OPENED;) {
      const node = scope.graph.nodes.find((each) => hasBody(scope.graph, each));
      if (node === undefined) break;
      scope = innerScope(scope, { node: node.index, body: 0 });
      const inner = scope;
      seen.push(await ask(() => scopePicture({ scope: inner })));
    }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    seen.push(error.message);
  }
  return seen;
}
