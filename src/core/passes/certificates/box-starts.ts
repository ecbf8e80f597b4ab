/**
 * Where boxes start: at the inputs, and where those are tokens, at what embedding tables make of them. Whichever the token,
 * each of its numbers lies between the least and the largest of its column.
 */
import type { InputRange } from '../../dataset/input-ranges.js';
import { isFeedType, storeRow, zeros } from '../../dataset/rows.js';
import { attributeInt } from '../../graph/attributes.js';
import type { Graph } from '../../graph/graph.js';
import { floatsOf } from '../../tensor/floats.js';
import { graphWriter } from '../../rewrite/graph-writer.js';
import { FLOAT_TYPES } from '../../rewrite/linearize/calculator.js';
import { firstFloats } from '../../rewrite/linearize/ends.js';
import type { KnownShapes } from '../../rewrite/linearize/plan.js';
import { prune } from '../../rewrite/prune.js';
import { elementCount, type NamedTensors } from '../../tensor/tensor.js';
import type { NetworkSubject } from '../pass.js';
import { constantOf } from './box.js';

export interface BoxStarts {
  readonly starts: readonly string[];
  /** By start. */
  readonly ranges: Readonly<Record<string, InputRange>>;
  /** Inputs of whole numbers that are always the same. */
  readonly fixed: readonly string[];
  /** What is not known of which input; nothing can be bounded then. */
  readonly unknown: readonly string[];
  /** Inputs that are no starts: those that are always the same, and of tokens their number. */
  readonly feeds: NamedTensors;
}

/** @throws ProblemError as engines do. */
export async function boxStarts(graph: Graph, shapes: KnownShapes, network: NetworkSubject): Promise<BoxStarts> {
  const known = network.box.ranges;
  const isFloat = (value: string): boolean => FLOAT_TYPES[shapes.typeOf(value) ?? ''] !== undefined;
  const whole = graph.inputs.map(({ name }) => name).filter((name) => !isFloat(name));
  const fixed = new Set(whole.filter((name) => constantOf(known[name]) !== undefined));
  const { starts, mixing } = firstFloats(graph, shapes, fixed);
  const tables = starts.flatMap((start): [string, string][] => {
    const table = known[start] === undefined ? embeddingTable(graph, start) : undefined;
    return table === undefined ? [] : [[start, table]];
  });
  const ranges = { ...known, ...(await tableRanges(graph, network, new Map(tables), shapes)) };
  const moving = new Set(whole.filter((name) => !fixed.has(name)));
  const unknown = [
    ...starts
      .filter((start) => ranges[start] === undefined)
      .map((start) => `what “${start}” can hold at most and at least`),
    ...(mixing.length > 0 ? [...moving].map((name) => `which numbers “${name}” can hold beside embeddings`) : []),
  ];
  const feeds = Object.fromEntries(
    whole.map((name) => [name, feedOf(name, shapes, moving.has(name) ? 0 : (constantOf(known[name]) ?? 0))]),
  );
  return { starts, ranges, fixed: [...fixed], unknown, feeds };
}

function feedOf(input: string, shapes: KnownShapes, value: number): NamedTensors[string] {
  const type = shapes.typeOf(input) ?? '';
  const dims = shapes.shapeOf(input) ?? [];
  if (!isFeedType(type)) throw new Error(`“${input}” holds ${type}.`);
  const data = zeros(type, elementCount(dims), input);
  const row = { type: 'float64', dims, data: new Float64Array(data.length).fill(value) } as const;
  storeRow(data, type, row, { offset: 0, runLength: data.length, runStride: data.length });
  return { type, dims, data };
}

/** The matrix whose rows a value is made of: rows are picked by whole numbers. */
function embeddingTable(graph: Graph, value: string): string | undefined {
  const producer = graph.producerOf(value);
  if (producer?.opType !== 'Gather' || producer.domain !== '' || (attributeInt(producer, 'axis') ?? 0) !== 0)
    return undefined;
  const [table = ''] = producer.inputs;
  return graph.initializer(table)?.dims.length === 2 ? table : undefined;
}

async function tableRanges(
  graph: Graph,
  { engine, toRunnable }: NetworkSubject,
  tables: ReadonlyMap<string, string>,
  shapes: KnownShapes,
): Promise<Readonly<Record<string, InputRange>>> {
  if (tables.size === 0) return {};
  const writer = graphWriter(graph.model);
  const ends = new Map(
    [...new Set(tables.values())].map((table) => [
      table,
      { lower: writer.reduce('ReduceMin', table, [0]), upper: writer.reduce('ReduceMax', table, [0]) },
    ]),
  );
  const outputs = [...ends.values()].flatMap(({ lower, upper }) => [lower, upper]);
  const session = await engine.open(toRunnable(prune(writer.extend(graph.model), outputs)), { threads: 1 });
  try {
    const found = await session.run({});
    const numbers = (name: string): number[] => {
      const tensor = found[name];
      return tensor === undefined ? [] : Array.from(floatsOf(tensor));
    };
    return Object.fromEntries(
      [...tables].map(([start, table]): [string, InputRange] => {
        const { lower = '', upper = '' } = ends.get(table) ?? {};
        return [
          start,
          {
            lower: numbers(lower),
            upper: numbers(upper),
            axis: (shapes.shapeOf(start)?.length ?? 1) - 1,
            origin: `each number between the least and the largest of its column of “${table}”, whichever the token`,
          },
        ];
      }),
    );
  } finally {
    await session.release();
  }
}
