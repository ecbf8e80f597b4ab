import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { asProblem } from '../../../src/core/errors.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../media/inspect.schema.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv({ strict: false }).compile(schema);

const images = { source: 'images', path: 'images' };
const withInput = (input: unknown): unknown => ({ version: 1, inputs: { x: input } });

const GOOD: [string, unknown][] = [
  ['an empty list of inputs', { version: 1, inputs: {} }],
  ['pictures with defaults', withInput(images)],
  [
    'pictures with everything',
    withInput({
      ...images,
      resize: 'pad',
      channels: 'bgr',
      layout: 'nhwc',
      scale: 1,
      mean: [1, 2, 3],
      std: [1, 2, 3],
      size: [8, 9],
    }),
  ],
  ['gray pictures', withInput({ ...images, channels: 'gray', mean: [0.5], std: [0.5] })],
  ['an array', withInput({ source: 'array', path: 'x.npz', key: 'x', scale: 2, offset: -1 })],
  ['text', withInput({ source: 'text', path: 'x.txt' })],
  [
    'text with everything',
    withInput({
      source: 'text',
      path: 'x.jsonl',
      windows: 'documents',
      field: 'body',
      label: 'label',
      separator: '\n',
      length: 8,
    }),
  ],
  ['tokens', withInput({ source: 'tokens', path: 'ids.npy' })],
  ['test data', withInput({ source: 'test-data', path: 'test_data_set_0' })],
  [
    'random values',
    withInput({ source: 'synthetic', distribution: 'integers', low: 0, high: 9, seed: 3, shape: [2, 0] }),
  ],
  ['a constant', withInput({ source: 'constant', value: -1.5, shape: [] })],
  ['counted positions', withInput({ source: 'constant', value: 'range' })],
  [
    'labels, tokenizer, limit, batch, schema',
    {
      $schema: 's',
      version: 1,
      inputs: {},
      limit: 5,
      batch: 2,
      labels: { path: 'l.csv', classes: 'c.txt' },
      tokenizer: 't.json',
    },
  ],
  [
    'a box, by one number and by one for each element',
    {
      version: 1,
      inputs: {},
      box: { inputs: { x: { lower: -1, upper: 1 }, y: { lower: [0, 0.5], upper: [1, 0.5] } }, splits: 8 },
    },
  ],
  ['an input named like a property of every object', { version: 1, inputs: { constructor: images } }],
];

const BAD: [string, unknown, string][] = [
  ['nothing but a number', 3, 'recipe'],
  ['a list', [], 'recipe'],
  ['no version', { inputs: {} }, 'version'],
  ['another version', { version: 2, inputs: {} }, 'version'],
  ['no inputs', { version: 1 }, 'inputs'],
  ['an unknown property', { version: 1, inputs: {}, input: {} }, 'input'],
  ['an unknown source', withInput({ source: 'video', path: 'x' }), 'inputs.x.source'],
  ['an input that is text', withInput('images'), 'inputs.x'],
  ['pictures without a path', withInput({ source: 'images' }), 'inputs.x.path'],
  ['an empty path', withInput({ source: 'images', path: '' }), 'inputs.x.path'],
  ['a misspelt property', withInput({ ...images, channel: 'rgb' }), 'inputs.x.channel'],
  ['an unknown way to resize', withInput({ ...images, resize: 'squash' }), 'inputs.x.resize'],
  ['a standard deviation of 0', withInput({ ...images, std: [0] }), 'inputs.x.std[0]'],
  ['two means', withInput({ ...images, mean: [1, 2] }), 'inputs.x.mean'],
  ['three means for gray', withInput({ ...images, channels: 'gray', mean: [1, 2, 3] }), 'inputs.x.mean'],
  ['a mean that is text', withInput({ ...images, mean: ['1'] }), 'inputs.x.mean[0]'],
  ['text without a path', withInput({ source: 'text' }), 'inputs.x.path'],
  ['text in unknown windows', withInput({ source: 'text', path: 'x', windows: 'all' }), 'inputs.x.windows'],
  ['windows of no length', withInput({ source: 'text', path: 'x', length: 0 }), 'inputs.x.length'],
  ['an empty separator', withInput({ source: 'text', path: 'x', separator: '' }), 'inputs.x.separator'],
  ['a size of one number', withInput({ ...images, size: [224] }), 'inputs.x.size'],
  ['a size of 0', withInput({ ...images, size: [0, 224] }), 'inputs.x.size[0]'],
  ['a fraction of a seed', withInput({ source: 'synthetic', seed: 0.5 }), 'inputs.x.seed'],
  ['a negative dimension', withInput({ source: 'synthetic', shape: [-1] }), 'inputs.x.shape[0]'],
  ['a constant without value', withInput({ source: 'constant' }), 'inputs.x.value'],
  ['a constant text', withInput({ source: 'constant', value: 'ones' }), 'inputs.x.value'],
  ['a limit of 0', { version: 1, inputs: {}, limit: 0 }, 'limit'],
  ['a box with one end', { version: 1, inputs: {}, box: { inputs: { x: { lower: 0 } } } }, 'box.inputs.x.upper'],
  ['a box that is cut by halves', { version: 1, inputs: {}, box: { splits: 0.5 } }, 'box.splits'],
  [
    'a box with ends in words',
    { version: 1, inputs: {}, box: { inputs: { x: { lower: 'low', upper: 1 } } } },
    'box.inputs.x.lower',
  ],
  ['labels without a path', { version: 1, inputs: {}, labels: {} }, 'labels.path'],
];

function problemOf(text: string): ReturnType<typeof asProblem> {
  try {
    parseRecipe(text);
  } catch (error) {
    return asProblem(error);
  }
  throw new Error('the recipe was accepted');
}

describe('recipes', () => {
  it.each(GOOD)('%s: accepted by the parser and by the schema that VS Code uses', (_name, value) => {
    expect(parseRecipe(JSON.stringify(value))).toMatchObject({ version: 1 });
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each(BAD)('%s: refused by both, with the place', (_name, value, place) => {
    expect(validate(value)).toBe(false);
    expect(problemOf(JSON.stringify(value))).toMatchObject({
      kind: 'invalid-recipe',
      place,
      remedy: expect.any(String),
    });
  });

  it('fills in the defaults that the schema states', () => {
    const properties = (
      schema as { definitions: Record<string, { properties: Record<string, { default?: unknown }> }> }
    ).definitions;
    for (const [source, minimal] of [
      ['images', images],
      ['synthetic', { source: 'synthetic' }],
    ] as const) {
      const defaults = Object.entries(properties[source]?.properties ?? {})
        .filter(([name, { default: value }]) => value !== undefined && !['low', 'high'].includes(name))
        .map(([name, { default: value }]) => [name, value]);
      expect(defaults.length).toBeGreaterThan(1);
      expect(parseRecipe(JSON.stringify(withInput(minimal))).inputs['x']).toEqual({
        ...minimal,
        ...Object.fromEntries(defaults),
      });
    }
  });

  it('names the line of a syntax error', () => {
    const { kind, place } = problemOf('{\n  "version": 1,\n  "inputs": {,}\n}');
    expect([kind, place]).toEqual(['invalid-recipe', 'line 3']);
    expect(problemOf('').kind).toBe('invalid-recipe');
  });

  it('refuses what a schema cannot say: low above high, integers between fractions', () => {
    const random = { source: 'synthetic', distribution: 'integers' };
    expect(problemOf(JSON.stringify(withInput({ ...random, low: 3, high: 2 }))).place).toBe('inputs.x.low');
    expect(problemOf(JSON.stringify(withInput({ ...random, low: 0.5, high: 2 }))).message).toContain('fractions');
    const boxed = (lower: unknown, upper: unknown): string =>
      JSON.stringify({ version: 1, inputs: {}, box: { inputs: { x: { lower, upper } } } });
    expect(problemOf(boxed(1, 0)).place).toBe('box.inputs.x');
    expect(problemOf(boxed([0, 1], [1, 0.5])).message).toContain('at element 1');
    expect(problemOf(boxed([0, 1], [1, 2, 3])).message).toContain('2 lower and 3 upper ends');
  });

  it('reads a file with a byte order mark', () => {
    expect(parseRecipe('\uFEFF{"version": 1, "inputs": {}}').inputs).toEqual({});
  });
});
