import { describe, expect, it } from 'vitest';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { modelExplorerNodeData, netronAttachment, type NodeNumbers } from '../../../src/core/graph/interchange.js';
import { valueColors } from '../../../src/core/picture/value-color.js';
import { modelProto, node, type GraphParts } from '../graph-builder.js';

const graphOf = (parts: GraphParts): Graph => createGraph(modelProto(parts));

/** A node with a name, two that share one, one without, a constant, and one that makes nothing. */
const graph = graphOf({
  nodes: [
    node('Conv', ['x'], ['a'], { name: 'stem' }),
    node('Relu', ['a'], ['b'], { name: 'act' }),
    node('Relu', ['b'], ['c'], { name: 'act' }),
    node('Neg', ['c'], ['', 'd']),
    node('Constant', [], ['k'], { name: 'constant' }),
    node('Print', ['d'], []),
    node('Add', ['d', 'k'], ['e\nf'], { name: 'two\nlines' }),
  ],
});
const numbers: NodeNumbers = {
  label: 'Operations',
  definition: 'Arithmetic operations for one forward.',
  format: 'count',
  values: [100, 10, 20, 40, 7, 8, NaN],
};

interface Metric {
  readonly kind: string;
  readonly target: string;
  readonly name: string;
  readonly value: unknown;
  readonly type?: string;
}
interface Attachment {
  readonly signature: string;
  readonly metadata: readonly Metric[];
  readonly metrics: readonly Metric[];
}

/** How Netron looks an entry up: by kind and name, cut at the first line break; later ones replace earlier ones. */
function shownByNetron({ metrics }: Attachment, kind: string, name: string): unknown {
  const key = `${kind}::${name.split('\n')[0] ?? ''}`;
  return metrics.findLast((metric) => `${metric.kind}::${metric.target}` === key)?.value;
}

describe('an attachment for Netron', () => {
  const attachment = JSON.parse(netronAttachment(graph, numbers)) as Attachment;

  it('has the signature, and every entry all that Netron reads', () => {
    expect(Object.keys(attachment)).toEqual(['signature', 'metadata', 'metrics']);
    expect(attachment.signature).toBe('netron:attachment');
    for (const entry of attachment.metrics) {
      expect(['node', 'value']).toContain(entry.kind);
      expect(entry.target).not.toMatch(/^$|\n/);
      expect(entry).toMatchObject({ name: 'Operations', type: 'int64', value: expect.any(Number) });
    }
    expect(attachment.metadata).toEqual([
      { kind: 'graph', target: 'graph', name: 'Operations', value: 'Arithmetic operations for one forward.' },
    ]);
  });

  it('tells nodes by their names, and those without one of their own by what they make', () => {
    expect(shownByNetron(attachment, 'node', 'stem')).toBe(100);
    expect(shownByNetron(attachment, 'node', 'act')).toBeUndefined();
    expect(shownByNetron(attachment, 'value', 'b')).toBe(10);
    expect(shownByNetron(attachment, 'value', 'c')).toBe(20);
    expect(shownByNetron(attachment, 'value', 'd')).toBe(40);
  });

  it('leaves out constants, nodes without numbers, and what has no name at all', () => {
    expect(attachment.metrics).toHaveLength(4);
  });

  it('gives an entry to each of many nodes, none to two', () => {
    const nodes = Array.from({ length: 500 }, (_, index) =>
      node('Relu', [`v${index}`], [`v${index + 1}`], { name: `n${index % 300}` }),
    );
    const large = graphOf({ nodes, inputs: ['v0'], outputs: ['v500'] });
    const { metrics } = JSON.parse(
      netronAttachment(large, { ...numbers, values: nodes.map((_, index) => index) }),
    ) as Attachment;
    expect(new Set(metrics.map(({ kind, target }) => `${kind}::${target}`)).size).toBe(500);
    expect(new Set(metrics.map(({ value }) => value)).size).toBe(500);
  });
});

interface NodeData {
  readonly name: string;
  readonly results: Readonly<Record<string, { readonly value: number }>>;
  readonly gradient?: readonly { readonly stop: number; readonly bgColor: string }[];
  readonly thresholds?: readonly { readonly value: number; readonly bgColor: string }[];
}

const HEX = /^#[0-9a-f]{6}$/;
const rgb = (color: string): number[] => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

describe('node data for Model Explorer', () => {
  const data = (of: Graph, given: NodeNumbers, spread?: 'logarithmic'): NodeData =>
    JSON.parse(
      modelExplorerNodeData(
        of,
        given,
        valueColors({ scale: 'sequential', ...(spread && { spread }) }, given.values, false),
      ),
    ) as NodeData;

  it('is keyed by the names of nodes, and by outputs where nodes have none of their own', () => {
    const { name, results } = data(graph, numbers);
    expect(name).toBe('Operations');
    expect(results).toEqual({ stem: { value: 100 }, b: { value: 10 }, c: { value: 20 }, d: { value: 40 } });
  });

  it('has a gradient from the smallest value to the largest, which gives the colours of the page', () => {
    const { gradient, thresholds } = data(graph, numbers);
    if (gradient === undefined) expect.fail();
    expect(thresholds).toBeUndefined();
    expect([gradient[0]?.stop, gradient.at(-1)?.stop]).toEqual([0, 1]);
    const { colorOf } = valueColors({ scale: 'sequential' }, numbers.values, false);
    for (const value of [10, 20, 40, 77, 100]) {
      // Model Explorer interpolates between the two stops around a value.
      const stop = (value - 10) / 90;
      const next = gradient.findIndex((item) => item.stop >= stop);
      const [low, high] = [gradient[Math.max(0, next - 1)], gradient[next]];
      if (low === undefined || high === undefined) expect.fail();
      const ratio = high.stop === low.stop ? 0 : (stop - low.stop) / (high.stop - low.stop);
      rgb(low.bgColor).forEach((part, channel) => {
        const shown = part + ((rgb(high.bgColor)[channel] ?? 0) - part) * ratio;
        expect(Math.abs(shown - (colorOf(value)?.[channel] ?? 0))).toBeLessThan(12);
      });
    }
  });

  it('has rising thresholds where colours are logarithmic, and zeros apart', () => {
    const given = { ...numbers, values: [1e6, 0, 10, 1000, NaN, NaN, NaN] };
    const { gradient, thresholds } = data(graph, given, 'logarithmic');
    if (thresholds === undefined) expect.fail();
    expect(gradient).toBeUndefined();
    const limits = thresholds.map(({ value }) => value);
    expect(limits).toEqual([...limits].sort((a, b) => a - b));
    expect([limits[0], limits.at(-1)]).toEqual([0, 1e6]);
    expect(thresholds.every(({ bgColor }) => HEX.test(bgColor))).toBe(true);
    const colorOf = (value: number): string | undefined => thresholds.find((item) => value <= item.value)?.bgColor;
    expect(colorOf(0)).toBe('#ffffff');
    expect(new Set([10, 1000, 1e6].map(colorOf)).size).toBe(3);
  });

  it('holds one value, none at all, and names that mean something to JSON or to the tool', () => {
    expect(data(graph, { ...numbers, values: [5] })).toMatchObject({ results: { stem: { value: 5 } } });
    expect(data(graph, { ...numbers, values: [5] }, 'logarithmic').thresholds?.at(-1)?.value).toBe(5);
    expect(data(graph, { ...numbers, values: [] })).toEqual({ name: 'Operations', results: {} });
    const odd = graphOf({
      nodes: [node('A', ['x'], ['y'], { name: 'results' }), node('B', ['y'], ['z'], { name: '__proto__' })],
    });
    const text = modelExplorerNodeData(
      odd,
      { ...numbers, values: [1, 2] },
      valueColors({ scale: 'sequential' }, [1, 2], true),
    );
    expect(Object.keys((JSON.parse(text) as NodeData).results)).toEqual(['y', '__proto__']);
  });
});
