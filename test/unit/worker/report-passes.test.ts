/** What the report shows of each pass: everything that the page has, in pictures of bounded size. */
import { base64Decode } from '@bufbuild/protobuf/wire';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { NO_CONTROLS } from '../../../src/core/controls/control.js';
import { NO_ACTIVATIONS, type PassResult, type UnitMetric } from '../../../src/core/passes/result.js';
import type { ReportLayer } from '../../../src/worker/report/layers.js';
import { passSection } from '../../../src/worker/report/passes.js';

const LAYERS: readonly ReportLayer[] = [
  { value: 'h', label: 'block<1>.relu', operator: 'Relu', unitWord: 'channels', units: 2 },
  { value: 'g', label: 'block2.relu', operator: 'Relu', unitWord: 'channels', units: 2 },
];
const metric = (id: string, values: UnitMetric['values']): UnitMetric => ({
  id,
  label: `Number ${id}`,
  definition: `What ${id} is.`,
  format: 'share',
  scale: 'sequential',
  values,
});
const section = (found: Partial<PassResult>, layers = LAYERS): string =>
  passSection(
    { pass: 'a-pass', passVersion: 1, answer: 'It is so.', findings: [], ...NO_ACTIVATIONS, ...found },
    [],
    layers,
    NO_CONTROLS,
  ).markup;

/** Pictures by what they are called: size, and where they are transparent. */
function pictures(markup: string): { name: string; width: number; height: number; clear: readonly boolean[] }[] {
  return [...markup.matchAll(/<img\s+alt="([^"]*)"[^>]*?src="data:image\/png;base64,([^"]*)"/g)].map(
    ([, name = '', base64 = '']) => {
      const { width, height, data } = decode(base64Decode(base64));
      return { name, width, height, clear: Array.from({ length: width * height }, (_, at) => data[4 * at + 3] === 0) };
    },
  );
}

describe('numbers of units', () => {
  it('are all shown: two at once, the others one click away', () => {
    const numbers = ['a', 'b', 'c', 'd'].map((id) => metric(id, { h: Float32Array.of(0, 1) }));
    const markup = section({ unitMetrics: numbers });
    const [open = '', folded = ''] = markup.split('2 more numbers of every unit');
    expect(pictures(open).map(({ name }) => name.split(' of ')[0])).toEqual(['Number a', 'Number b']);
    expect(pictures(folded).map(({ name }) => name.split(' of ')[0])).toEqual(['Number c', 'Number d']);
    expect(pictures(markup)[0]).toMatchObject({ width: 2, height: 1 });
    expect(markup).not.toContain('<1>');
  });

  it('of a layer with very many units are put together, and of very many layers the first are shown', () => {
    const wide = Float32Array.from({ length: 50_000 }, (_, unit) => (unit < 25_000 ? NaN : 1));
    const [strip] = pictures(section({ unitMetrics: [metric('a', { h: wide })] }));
    expect(strip?.width).toBe(1024);
    expect(strip?.clear.filter(Boolean)).toHaveLength(512);
    const many = Array.from({ length: 150 }, (_, at) => ({ ...(LAYERS[1] as ReportLayer), value: `v${at}` }));
    const values = Object.fromEntries(many.map(({ value }) => [value, Float32Array.of(1)]));
    const markup = section({ unitMetrics: [metric('a', values)] }, many);
    expect(pictures(markup)).toHaveLength(100);
    expect(markup).toContain('The first 100 of 150 layers');
  });
});

it('a pass over the file has its layers and units, too, also where nothing was run', () => {
  const certified = {
    id: 'certified',
    label: 'Can never fire',
    definition: 'Proven.',
    format: 'share',
    scale: 'sequential',
    values: { g: 0.5 },
  } as const;
  const layers = LAYERS.map(({ units: _units, ...layer }) => layer);
  const markup = section(
    { layerMetrics: [certified], unitMetrics: [metric('verdict', { g: Float32Array.of(0, 1) })] },
    layers,
  );
  expect(markup).toMatch(/block2\.relu<\/td>[\s\S]*50%<\/td>/);
  expect(markup).not.toContain('block&lt;1&gt;');
  expect(pictures(markup).map(({ name }) => name)).toEqual(['Number verdict of block2.relu']);
});

describe('maps of silent sites', () => {
  const maps = (side: number, channels: number, unitSide: number): PassResult['positionMaps'] => ({
    h: {
      height: side,
      width: side,
      layer: new Float32Array(side * side).fill(0.5),
      units: { height: unitSide, width: unitSide, values: new Float32Array(channels * unitSide * unitSide) },
    },
  });

  it('are a picture of the layer, and a sheet of its channels, 16 in a row and a cell apart', () => {
    const [layer, sheet] = pictures(section({ positionMaps: maps(4, 20, 4) }));
    expect(layer).toMatchObject({ name: 'Where block&lt;1&gt;.relu is silent', width: 4, height: 4 });
    expect([sheet?.width, sheet?.height]).toEqual([16 * 5 - 1, 2 * 5 - 1]);
    // Twenty channels of 16 places are painted, and nothing else.
    expect(sheet?.clear.filter((each) => !each)).toHaveLength(20 * 16);
    expect([sheet?.clear[3], sheet?.clear[4], sheet?.clear[5]]).toEqual([false, true, false]);
  });

  it('of large feature maps are put together', () => {
    const [layer] = pictures(section({ positionMaps: maps(500, 1, 32) }));
    expect([layer?.width, layer?.height]).toEqual([64, 64]);
  });

  it('say which layers have no sheet of channels', () => {
    const both = { ...maps(4, 2, 4), g: { height: 4, width: 4, layer: new Float32Array(16) } };
    const markup = section({ positionMaps: both });
    expect(pictures(markup)).toHaveLength(3);
    expect(markup).toContain('Of 1 of 2 layers the maps are too large');
  });
});

it('shaded columns of a table are coloured cells, other columns plain ones', () => {
  const markup = section({
    tables: [
      {
        id: 'heads',
        title: 'Layers × heads',
        definition: 'Scores.',
        columns: [
          { id: 'layer', label: 'Layer', format: 'text' },
          { id: 'count', label: 'Queries', format: 'count' },
          { id: 'head-0', label: 'Head 0', format: 'share', shaded: true },
        ],
        rows: [{ cells: ['layer <0>', 12, 0.5] }, { cells: ['layer 1', 12, '–'] }],
      },
    ],
  });
  expect(markup).toMatch(/<td style="background:rgb\(\d+ \d+ \d+\);color:#ffffff">50%<\/td>/);
  expect(markup.match(/<td style=/g)).toHaveLength(1);
  expect(markup).toContain('<td>12</td>');
  expect(markup).not.toContain('<0>');
});

it('a chart names both axes, numbers them, and shows a line of one point', () => {
  const curve = {
    id: 'loss',
    title: 'Loss',
    xLabel: 'skipped, %',
    yLabel: 'more perplexity',
    definition: 'Measured.',
    format: 'share' as const,
    series: [
      { label: 'CETT', x: Float32Array.of(0, 100), y: Float32Array.of(0.001, 10) },
      { label: 'CATS', x: Float32Array.of(50), y: Float32Array.of(0.1) },
      { label: 'Allowed', x: Float32Array.of(0, 100), y: Float32Array.of(0.01, 0.01), dashed: true },
    ],
  };
  const markup = section({ curves: [{ ...curve, spread: 'logarithmic' }] });
  expect(markup).toContain('↑ more perplexity (logarithmic)');
  expect(markup).toContain('skipped, % →');
  const numbers = [...markup.matchAll(/<text x="524"[^>]*>([^<]*)</g)].map(([, text]) => text);
  expect(numbers).toEqual(['0.1%', '1%', '10%', '100%', '1,000%']);
  // Two points of CETT, one of CATS, none of a dashed line.
  expect([...markup.matchAll(/<circle/g)]).toHaveLength(3);
  const even = section({
    curves: [{ ...curve, series: [{ label: 'a', x: Float32Array.of(0, 1), y: Float32Array.of(0, 1) }] }],
  });
  expect(even).toContain('↑ more perplexity</text>');
  expect([...even.matchAll(/<text x="524"[^>]*>([^<]*)</g)].map(([, text]) => text)).toEqual([
    '0%',
    '25%',
    '50%',
    '75%',
    '100%',
  ]);
});
