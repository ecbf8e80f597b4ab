/** Values of a model that are as wide as what a dictionary reads or writes, found by running one input. */
import { usedFeeds } from '../../engine/used-feeds.js';
import { displayText } from '../../display-text.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import { floatValues } from '../../graph/float-values.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { gainsApart } from '../../rewrite/gains-apart.js';
import { prune } from '../../rewrite/prune.js';
import { elementCount, type Tensor } from '../../tensor/tensor.js';
import { widthAxis, type PlacesTold, type WidthAxis } from './layout.js';
import { toldPlaces } from './told-places.js';

/** How a value is taken: as it is; less its mean over the width; or what a normalisation gives before its gain and bias. */
export const VARIANTS = ['as it is', 'centred', 'before the gain'] as const;
export type Variant = (typeof VARIANTS)[number];

export interface Site {
  /** The value that is read of the graph (of the one with gains apart, where a gain is left out). */
  readonly value: string;
  /** The value of the model as it is that this is a variant of. */
  readonly source: string;
  /** Short name for a person. */
  readonly label: string;
  readonly variant: Variant;
  readonly axis: WidthAxis;
  readonly told: PlacesTold;
  /** Dims of the grid that its patches make, of one input. */
  readonly grid?: readonly number[];
  readonly rank: number;
  /** Place in the order of computation. */
  readonly order: number;
  /** Whether something can be put in its place: it is in float32. */
  readonly isReplaceable: boolean;
}

export interface FoundSites {
  /** The model with values before gains, see {@link gainsApart}. */
  readonly model: ModelProto;
  /** By width asked for. */
  readonly byWidth: ReadonlyMap<number, readonly Site[]>;
  /** Widths that there are, most frequent first: what is said where none fits. */
  readonly widths: readonly number[];
}

/** @param widths of what is read and written. @throws ProblemError as running does. */
export async function findSites(subject: ExperimentSubject, widths: readonly number[]): Promise<FoundSites> {
  const { graph, dataset } = subject;
  const isFloat = floatValues(graph);
  const order = new Map<string, { readonly at: number; readonly node: GraphNode }>();
  graph.order.forEach((node, at) => {
    for (const output of node.outputs) if (isFloat.has(output)) order.set(output, { at, node });
  });
  const { model, beforeGain } = gainsApart(graph);
  const ungained = new Map([...beforeGain].map(([output, value]) => [value, output] as const));
  const names = [...order.keys(), ...ungained.keys()];
  const tensors = await firstValues(subject, model, names);
  const rows = Number.isFinite(dataset.maximumBatch) ? dataset.maximumBatch : 1;
  const byWidth = new Map<number, Site[]>(widths.map((width) => [width, []]));
  const counts = new Map<number, number>();
  for (const name of names) {
    const tensor = tensors[name];
    const source = ungained.get(name) ?? name;
    const place = order.get(source);
    if (tensor === undefined || place === undefined || tensor.type === 'int64') continue;
    const { dims } = tensor;
    const told = toldPlaces(graph, source);
    const last = dims.at(-1) ?? 0;
    if (dims.length >= 2 && !ungained.has(name)) counts.set(last, (counts.get(last) ?? 0) + 1);
    for (const [width, sites] of byWidth) {
      const axis = widthAxis(dims, width, told);
      if (axis === undefined || (elementCount(dims) / width) % rows !== 0) continue;
      const site = {
        value: name,
        source,
        label: labelOf(graph, source),
        axis,
        told,
        ...gridOf(told, tensors),
        rank: dims.length,
        order: place.at,
        isReplaceable: tensor.type === 'float32',
      } as const;
      if (ungained.has(name)) sites.push({ ...site, variant: 'before the gain' });
      else sites.push({ ...site, variant: 'as it is' }, { ...site, variant: 'centred' });
    }
  }
  for (const sites of byWidth.values()) sites.sort((a, b) => a.order - b.order);
  const common = [...counts].sort(([, a], [, b]) => b - a).map(([width]) => width);
  return { model, byWidth, widths: common };
}

function gridOf({ patches }: PlacesTold, tensors: Readonly<Record<string, Tensor>>): Pick<Site, 'grid'> {
  const grid = tensors[patches?.grid ?? '']?.dims;
  return grid === undefined ? {} : { grid };
}

async function firstValues(
  { dataset, engine, threads, toRunnable }: ExperimentSubject,
  model: ModelProto,
  names: readonly string[],
): Promise<Readonly<Record<string, Tensor>>> {
  const session = await engine.open(toRunnable(prune(model, names)), { threads });
  try {
    for (let start = 0; start < dataset.size; start++) {
      const { feeds, indices } = await dataset.batch(start, start + 1);
      if (indices.length > 0) return await session.run(usedFeeds(session, feeds));
    }
    return {};
  } finally {
    await session.release();
  }
}

function labelOf(graph: Graph, value: string): string {
  const node = graph.producerOf(value);
  const operator = node === undefined ? '' : ` (${node.opType})`;
  return `${displayText(value, 80)}${operator}`;
}
