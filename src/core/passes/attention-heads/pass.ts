/** What attention heads look at: formats 3.6 and section 5 (head finder), methods J6. */
import { rowsOfRun } from '../../dataset/rows-of-run.js';
import { createSweeps, numbersOf } from '../../experiment/sweeps.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Graph } from '../../graph/graph.js';
import { findEmbeddings, type Embedding } from '../../graph/roles/embedding.js';
import { sourceOf } from '../../graph/roles/pass-through.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import type { Experiment } from '../pass.js';
import { NO_ACTIVATIONS, type PassResult } from '../result.js';
import type { Examined } from './examined.js';
import { headMetrics } from './metrics.js';
import { namedPatterns, readablePatterns, type Pattern } from './patterns.js';
import { headCurves } from './curves.js';
import { answerOf, headFindings, headHeadlines, whyNone } from './report.js';
import { headTables } from './tables.js';
import { createTotals, foldTotals, scoresOf } from './totals.js';
import { writeScores } from './write-scores.js';

/** Patterns, their logarithms and the weights of one forward that may be held at once. */
const PATTERN_BYTES = 256 * 2 ** 20;

export const attentionHeads: Experiment = {
  id: 'attention-heads',
  version: 1,
  title: 'What attention heads look at',
  question:
    'What do attention heads look at: the token before, what followed last time, themselves, the first token, or everything?',
  method:
    'Every input goes through the network once. Where attention was recognised by structure and its pattern p[query, key] ' +
    'is a value of the graph, nodes are added that reduce it on the spot, so that a few numbers per head and input leave ' +
    'the engine and memory does not grow with the inputs: p[t, t] (self), p[t, t − 1] (previous), p[t, 0] (first position, ' +
    'the sink), entropy −Σ p ln p in nats and over ln of the number of allowed positions, distance |t − k| with its ' +
    'variance, and for networks that read token ids the induction score: the attention from a token that occurred before ' +
    'to the positions right behind its earlier occurrences, all of them, itself included where a token stands twice in a ' +
    'row. Means are over all queries of all inputs together; the first query (t = 0) is left out of previous, first and ' +
    'entropy, and padding of everything. A position counts as allowed where at least one head of the layer gives it more ' +
    'than 0 on that input, which is what masks of any kind leave. “Even attention” is what a head would score that looks ' +
    'at all allowed positions alike: on natural text the induction score of even attention is well above 0, because tokens ' +
    'repeat. Inputs on which a pattern is not finite are left out of that head. It is started by name, as it costs one run ' +
    'over the inputs with several times the work at every pattern. Sources: TransformerLens’ head detectors, Neuronpedia’s ' +
    'head metrics, “ReLU’s Revival” (Jha, Reagen 2024), “Gated Attention for LLMs” (Qiu et al. 2025); ' +
    'thresholds of half the attention are ours.',
  runsPerInput: 1,
  applies({ graph }) {
    const named = namedPatterns(graph);
    return named.patterns.length > 0 ? { applies: true } : { applies: false, reason: whyNone(named.unread) };
  },
  watches({ graph }) {
    const tokens = tokenInput(graph);
    return [
      ...namedPatterns(graph).patterns.map(({ value, label }) => ({ value, label })),
      ...(tokens === undefined ? [] : [{ value: tokens, label: 'tokens' }]),
    ];
  },
  async examine(subject) {
    const named = namedPatterns(subject.graph);
    const readable = readablePatterns(named.patterns, subject.watched);
    const unread = [...named.unread, ...readable.unread];
    const common = { pass: attentionHeads.id, passVersion: attentionHeads.version, ...NO_ACTIVATIONS };
    if (readable.patterns.length === 0) return { ...common, answer: whyNone(unread), findings: [] };
    const examined = await examine(subject, readable.patterns, unread);
    const result: PassResult = {
      ...common,
      answer: answerOf(examined),
      headlines: headHeadlines(examined),
      findings: headFindings(examined),
      curves: headCurves(examined),
      nodeMetrics: headMetrics(examined),
      tables: headTables(examined),
    };
    return result;
  },
};

async function examine(
  subject: ExperimentSubject,
  patterns: readonly Pattern[],
  unread: Examined['unread'],
): Promise<Examined> {
  const { graph, dataset, watched } = subject;
  const tokens = tokenInput(graph);
  const tokenPositions = watched.find(({ value }) => value === tokens)?.shape.at(-1) ?? -1;
  const hasTokens = (pattern: Pattern): boolean => tokens !== undefined && pattern.positions === tokenPositions;
  const { paddedLength } = dataset;
  const { model, outputs, filled } = writeScores(graph.model, patterns, {
    ...(tokens === undefined ? {} : { tokens, tokenPositions }),
    ...(paddedLength === undefined ? {} : { paddedLength }),
  });
  const sweeps = createSweeps(subject, 1, PATTERN_BYTES / Math.max(...patterns.map(bytesOf)));
  sweeps.phase('Looking at attention');
  const totals = patterns.map(({ heads }) => createTotals(heads));
  const session = await sweeps.open(model);
  try {
    const inputs = await sweeps.run({
      session,
      feeds: (batch): NamedTensors => {
        if (filled === undefined || paddedLength === undefined) return {};
        // Rows past the examples are padding of graphs that fix their batch: how full they are does not matter.
        const rows = rowsOfRun(dataset, batch);
        const data = BigInt64Array.from({ length: rows }, (_, row) => BigInt(batch.filled?.[row] ?? paddedLength));
        return { [filled]: { type: 'int64', dims: [rows], data } };
      },
      fold: ({ indices }, values) => {
        patterns.forEach((pattern, at) => {
          const written = outputs[at];
          const own = totals[at];
          if (written === undefined || own === undefined) return;
          const [sums, counts] = [numbersOf(values, written.sums), numbersOf(values, written.counts)];
          foldTotals(own, sums, counts, indices.length, hasTokens(pattern));
        });
      },
    });
    return {
      graph,
      blocks: patterns.map((pattern, at) => ({ pattern, ...scoresOf(totals[at] ?? createTotals(pattern.heads)) })),
      unread,
      inputs,
      onInputs: await subject.onInputs(inputs),
      hasTokens: patterns.some(hasTokens),
    };
  } finally {
    await session.release();
  }
}

/**
 * The input of token ids: what the embedding with the largest vocabulary looks up. Undefined where several inputs are looked
 * up in such a table, as by an encoder and a decoder: which of them a pattern is about is not known.
 */
function tokenInput(graph: Graph): string | undefined {
  const embeddings = findEmbeddings(graph).filter(({ kind }) => kind === 'token');
  const rowsOf = ({ table }: Embedding): number => Number(graph.valueInfo(table)?.shape?.[0] ?? 0);
  const most = embeddings.reduce((largest, each) => Math.max(largest, rowsOf(each)), 0);
  const largest = embeddings.filter((each) => rowsOf(each) === most);
  const [input, ...others] = new Set(largest.map(({ node }) => sourceOf(graph, node.inputs[1] ?? '')));
  return others.length === 0 ? input : undefined;
}

/** Of one example: the pattern, a copy with even attention, logarithms and products, and the weights of the sums. */
function bytesOf({ heads, positions }: Pattern): number {
  return 4 * Math.max(1, positions) ** 2 * (4 * (heads + 1) + 16);
}
