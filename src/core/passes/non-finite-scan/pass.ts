import { usedFeeds } from '../../engine/used-feeds.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { createSweeps } from '../../experiment/sweeps.js';
import { nodeId } from '../../graph/item-ids.js';
import { buildModuleTree } from '../../graph/modules.js';
import type { Experiment } from '../pass.js';
import { placeOf } from '../place.js';
import { NO_ACTIVATIONS, type Finding, type PassResult } from '../result.js';
import { amount, count, percent } from '../words.js';
import { LARGEST_HALF, NEAR_HALF } from '../half-precision.js';
import { explain, type Explained } from './explain.js';
import { OLDEST_OPSET, watchGraph, wentWrong, type WatchedNode } from './watch-graph.js';

/** Places whose cause is looked into, the most frequent first. */
const MOST_EXPLAINED = 5;
const SIZES_SHOWN = 20;

/** Where on some inputs NaN or infinity begins. */
interface Start {
  readonly watched: WatchedNode;
  /** Inputs on which nothing before it went wrong. */
  inputs: number;
  readonly first: number;
}

/** Which value is the first to be NaN or infinite, on which input, and why: methods E (pitfalls: count them first). */
export const nonFiniteScan: Experiment = {
  id: 'non-finite-scan',
  version: 2,
  title: 'Non-finite scan',
  question:
    'Which value is the first to be NaN or infinite, on which input and why, and would half precision overflow?',
  method:
    'Every floating-point value that a node of the main graph makes is watched (views of others, insides of functions ' +
    'that are spelled as several nodes and bodies of Loop, If and Scan are not; padding is). NaN and +∞ count wherever ' +
    'they are; −∞ counts where a computation makes it from inputs without any, since attention masks are made of it. The ' +
    'first such value in the order of computation is where it starts; the input is then run once more and what goes into ' +
    'that node is read for the cause. Half precision holds numbers up to 65,504; scores that a softmax alone reads are ' +
    'left out of the sizes, since masks make them as large as they like.',
  runsPerInput: 2,
  applies: ({ graph }) =>
    (graph.opset('') ?? 0) < OLDEST_OPSET
      ? {
          applies: false,
          reason: `The graph uses operator set ${graph.opset('') ?? 0}; watching takes at least ${OLDEST_OPSET}. Convert the file to that, for instance with onnx.version_converter; the other passes take it as it is.`,
        }
      : { applies: true },
  async examine(subject) {
    const { graph, dataset } = subject;
    const watching = watchGraph(graph);
    if (watching.watched.length === 0) throw new Error('A graph that runs makes values.');
    const peaks = new Float64Array(watching.watched.length);
    const starts = new Map<number, Start>();
    const sweeps = createSweeps(subject, 1);
    sweeps.phase('Watching every value');
    const session = await sweeps.open(watching.model);
    const firstWrong = (sighting: ReturnType<typeof watching.read>): number =>
      watching.watched.findIndex((_, at) => wentWrong(sighting, watching.watched, at));
    let inputs = 0;
    try {
      inputs = await sweeps.run({
        session,
        async fold({ indices }, outputs) {
          const sighting = watching.read(outputs);
          sighting.largest.forEach((size, at) => {
            if (size > (peaks[at] as number)) peaks[at] = size;
          });
          if (firstWrong(sighting) < 0) return;
          for (const index of indices) {
            // One input says which of the batch it was.
            const { feeds } = await dataset.batch(index, index + 1);
            const alone = indices.length === 1 ? outputs : await session.run(usedFeeds(session, feeds));
            const at = firstWrong(watching.read(alone));
            const watched = watching.watched[at];
            if (watched === undefined) continue;
            const start = starts.get(at) ?? { watched, inputs: 0, first: index };
            start.inputs++;
            starts.set(at, start);
          }
        },
      });
    } finally {
      await session.release();
    }
    return result(subject, watching.watched, peaks, [...starts.values()], inputs);
  },
};

async function result(
  subject: ExperimentSubject,
  watched: readonly WatchedNode[],
  peaks: Float64Array,
  starts: readonly Start[],
  inputs: number,
): Promise<PassResult> {
  const { graph, dataset } = subject;
  const onInputs = await subject.onInputs(inputs);
  const tree = buildModuleTree(graph);
  const explained: (Start & Explained & { place: string; name: string })[] = [];
  for (const start of [...starts].sort((a, b) => b.inputs - a.inputs).slice(0, MOST_EXPLAINED)) {
    const found = await explain(subject, start.watched.node, start.first);
    const { name } = await dataset.preview(start.first);
    explained.push({ ...start, ...found, place: placeOf(tree, found.node), name });
  }
  // Masks make scores as large as they like, and −∞ would do as well.
  const isMasked = ({ value }: WatchedNode): boolean =>
    graph.consumersOf(value).length > 0 && graph.consumersOf(value).every(({ opType }) => opType === 'Softmax');
  const sized = [...peaks.keys()].filter((at) => !isMasked(watched[at] as WatchedNode));
  const largest = sized.sort((a, b) => (peaks[b] as number) - (peaks[a] as number));
  const over = largest.filter((at) => (peaks[at] as number) > LARGEST_HALF);
  const placeAt = (at: number): string => placeOf(tree, (watched[at] as WatchedNode).node);
  const sizes = new Float64Array(graph.nodes.length).fill(NaN);
  for (const at of largest) {
    const { node } = watched[at] as WatchedNode;
    sizes[node.index] = Math.max(sizes[node.index] || 0, peaks[at] as number);
  }
  const [top = 0] = largest;
  const [worst] = explained;
  const half = `the largest finite |h| is ${amount(peaks[top] as number)} (${placeAt(top)}), ${ofHalf((peaks[top] as number) / LARGEST_HALF)} what half precision holds`;
  return {
    pass: nonFiniteScan.id,
    passVersion: nonFiniteScan.version,
    answer:
      worst === undefined
        ? `All ${count(watched.length)} values that were watched are finite ${onInputs}; ${half}.`
        : `NaN or infinity appears on ${count(starts.reduce((sum, start) => sum + start.inputs, 0))} of ${count(inputs)} inputs, most often first at ${worst.place}: ${worst.cause}; ${half}.`,
    findings: [
      ...explained.map(({ node, place, cause, name, first, inputs: some }): Finding => ({
        severity: 'error',
        weight: 1 + some / inputs,
        sentence: `${place} (${node.opType}) is the first to give NaN or infinity on ${count(some)} of ${count(inputs)} inputs, the first of them ${count(first + 1)}${name === '' ? '' : ` (${name})`}: ${cause}.`,
        item: nodeId(node),
        advice: 'Everything that reads it is wrong on these inputs, also where an engine’s ReLU hides NaN as 0.',
      })),
      ...halfFinding(
        over.length,
        largest.length,
        peaks[top] as number,
        placeAt(top),
        nodeId((watched[top] as WatchedNode).node),
        onInputs,
      ),
    ],
    ...NO_ACTIVATIONS,
    nodeMetrics: [
      {
        id: 'node-largest-magnitude',
        label: 'Largest |h| of any node',
        definition: 'Largest finite |h| of the node’s values over all inputs. The colour is logarithmic.',
        format: 'number',
        scale: 'sequential',
        spread: 'logarithmic',
        aggregate: 'maximum',
        values: sizes,
      },
    ],
    tables: [
      ...(explained.length === 0
        ? []
        : [
            {
              id: 'non-finite-starts',
              title: 'Where NaN or infinity begins',
              definition: 'The first value in the order of computation that is NaN or infinite, input by input.',
              columns: [
                { id: 'place', label: 'Place', format: 'text' as const },
                { id: 'operator', label: 'Operator', format: 'text' as const },
                { id: 'inputs', label: 'Inputs', format: 'count' as const },
                { id: 'first', label: 'First input', format: 'count' as const },
                { id: 'cause', label: 'Cause', format: 'text' as const },
              ],
              rows: explained.map(({ node, place, cause, first, inputs: some }) => ({
                cells: [place, node.opType, some, first + 1, cause],
                item: nodeId(node),
              })),
            },
          ]),
      {
        id: 'largest-magnitudes',
        title: 'Largest values',
        definition: `The ${SIZES_SHOWN} nodes with the largest finite |h| over all inputs, beside the ${count(LARGEST_HALF)} that half precision (float16) holds.`,
        columns: [
          { id: 'place', label: 'Place', format: 'text' },
          { id: 'operator', label: 'Operator', format: 'text' },
          { id: 'largest', label: 'Largest |h|', format: 'number' },
          { id: 'half', label: 'Share of half precision', format: 'share' },
        ],
        rows: largest.slice(0, SIZES_SHOWN).map((at) => ({
          cells: [
            placeAt(at),
            (watched[at] as WatchedNode).node.opType,
            peaks[at] as number,
            (peaks[at] as number) / LARGEST_HALF,
          ],
          item: nodeId((watched[at] as WatchedNode).node),
        })),
      },
    ],
  };
}

/** "0.9 % of", "1.8e15 times". */
function ofHalf(ratio: number): string {
  return ratio > 1 ? `${amount(ratio)} times` : `${percent(ratio)} of`;
}

function halfFinding(
  over: number,
  watched: number,
  peak: number,
  place: string,
  item: string,
  onInputs: string,
): Finding[] {
  if (peak < NEAR_HALF) return [];
  return [
    {
      severity: 'warning',
      weight: over / watched,
      sentence:
        over > 0
          ? `${count(over)} of ${count(watched)} values exceed ${count(LARGEST_HALF)} and would overflow in half precision; the largest is ${amount(peak)} at ${place} (${onInputs}).`
          : `${place}: the largest |h| is ${amount(peak)}, over a quarter of the ${count(LARGEST_HALF)} that half precision holds (${onInputs}).`,
      item,
      advice: 'Keep these nodes in float32 or bfloat16.',
    },
  ];
}
