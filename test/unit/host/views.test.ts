import { describe, expect, it } from 'vitest';
import { findingRows, findingsSummary } from '../../../src/host/views/finding-rows.js';
import { decorate, outlineTree, rowOfSelection, selectionOfRow } from '../../../src/host/views/outline-rows.js';
import type { ResultSummary } from '../../../src/protocol/inspection.js';
import type { OutlineEntry } from '../../../src/protocol/model.js';

const layer = (id: string, value: string): OutlineEntry => ({
  id,
  label: value,
  kind: 'layer',
  detail: 'Relu',
  layer: value,
  children: [],
});
const outline: readonly OutlineEntry[] = [
  { id: 'block', label: 'block', kind: 'module', detail: '2 layers', children: [layer('#1', 'a'), layer('#2', 'b')] },
  layer('#3', 'c'),
];

const metric = (id: string, values: Record<string, number>) => ({
  id,
  label: id,
  definition: id,
  format: 'share' as const,
  scale: 'sequential' as const,
  values,
});
const layerSummary = (value: string, units: number): ResultSummary['layers'][number] => ({
  value,
  label: `label of ${value}`,
  module: [],
  operator: 'Relu',
  family: 'rectifier',
  units,
  unitWord: 'channels',
  shape: [units],
});
const result: ResultSummary = {
  layers: [layerSummary('a', 10), layerSummary('b', 30), layerSummary('c', 5)],
  passes: [
    {
      pass: 'dead-units',
      passVersion: 1,
      answer: '',
      layerMetrics: [
        metric('layer-dead-share', { a: 0.4, b: 0, c: 0 }),
        metric('layer-zero-share', { a: 0.5, b: 0.5, c: 0 }),
      ],
      unitMetrics: [],
      exampleMetrics: [],
      curves: [],
      findings: [
        { severity: 'information', weight: 0.9, sentence: 'much but harmless' },
        { severity: 'warning', weight: 0.1, sentence: 'a little dead', layer: 'a', units: [7, 8] },
        { severity: 'warning', weight: 0.3, sentence: 'more dead', layer: 'b' },
        { severity: 'error', weight: 0.01, sentence: 'NaN', layer: 'c' },
      ],
    },
  ],
  controls: { runs: [], notRun: [] },
  inputsSeen: 40,
  inputsPlanned: 200,
  skipped: [],
  leftOut: [],
  data: 'random normal',
  synthetic: true,
  engine: 'test',
  seconds: 1,
  finished: '2026-01-01T00:00:00Z',
  cached: false,
};

describe('the findings list', () => {
  it('has the worst first: by severity, then by the share of the model', () => {
    expect(findingRows(result).map((row) => row.sentence)).toEqual([
      'NaN',
      'more dead',
      'a little dead',
      'much but harmless',
    ]);
  });

  it('selects the layer and its first unit', () => {
    expect(findingRows(result).find((row) => row.sentence === 'a little dead')).toMatchObject({
      where: 'label of a',
      selection: { layer: 'a', unit: 7 },
    });
  });

  it('says on how many inputs it rests, that they were random, and that the run was cancelled', () => {
    expect(findingsSummary(result)).toBe('on 40 random inputs, cancelled');
    expect(findingsSummary({ ...result, synthetic: false, inputsSeen: 1, inputsPlanned: 1 })).toBe('on 1 input');
  });
});

describe('the outline', () => {
  const tree = outlineTree(outline);
  const [block, c] = tree.roots;

  it('finds the row of a selected layer inside its module, and of a module by its id', () => {
    expect(rowOfSelection(tree, { layer: 'b', unit: 3 })?.parent).toBe(block);
    expect(rowOfSelection(tree, { item: 'block' })).toBe(block);
    expect(rowOfSelection(tree, { layer: 'gone' })).toBeUndefined();
    expect(rowOfSelection(tree, {})).toBeUndefined();
  });

  it('does not take a unit out of the selection when its layer is revealed', () => {
    const b = tree.byLayer.get('b');
    expect(b && selectionOfRow(b, { layer: 'b', unit: 3 })).toBeUndefined();
    expect(b && selectionOfRow(b, { layer: 'a', unit: 3 })).toEqual({ layer: 'b' });
    expect(block && selectionOfRow(block, { layer: 'b' })).toEqual({ item: 'block' });
  });

  it('shows a module the mean of its layers, weighted by their units', () => {
    // dead: (0.4 · 10 + 0 · 30) / 40; zero: (0.5 · 10 + 0.5 · 30) / 40
    expect(block && decorate(block, result)).toEqual({ text: '10 % dead · 50 % zero', level: 'some' });
  });

  it('warns of a layer of which a fifth or more is dead, and is silent about one without findings', () => {
    const a = tree.byLayer.get('a');
    expect(a && decorate(a, result)).toEqual({ text: '40 % dead · 50 % zero', level: 'much' });
    expect(c && decorate(c, result)).toEqual({ text: '', level: 'none' });
    expect(c && decorate(c, undefined)).toEqual({ text: '', level: 'none' });
  });
});
