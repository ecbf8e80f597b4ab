import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inRange, parseNumber, parseRange } from '../../../../src/core/graph/search/number-range.js';
import { parseQuery } from '../../../../src/core/graph/search/parse-query.js';
import {
  SEARCH_EXAMPLES,
  type Condition,
  type Query,
  type SearchMetric,
} from '../../../../src/core/graph/search/query.js';
import { matchesText, textPattern } from '../../../../src/core/graph/search/text-pattern.js';

const METRICS: readonly SearchMetric[] = [{ name: 'operations', label: 'Operations', aggregate: 'sum', values: [] }];

function parsed(text: string): Query {
  const found = parseQuery(text, METRICS);
  if ('problems' in found) expect.fail(found.problems.map(({ message }) => message).join(' '));
  return found.query;
}

function problemsOf(text: string): readonly (readonly [part: string, message: string])[] {
  const found = parseQuery(text, METRICS);
  return 'problems' in found ? found.problems.map(({ from, to, message }) => [text.slice(from, to), message]) : [];
}

const inWords = ({ terms }: Query): string =>
  terms
    .map(
      ({ excluded, field, alternatives }) =>
        `${excluded ? 'not ' : ''}${field.name} ${alternatives.map(condition).join(' or ')}`,
    )
    .join('; ');

function condition(one: Condition): string {
  switch (one.kind) {
    case 'text':
      return `${one.pattern.pieces.join('*')}${one.pattern.whole ? '!' : ''}`;
    case 'number':
      return `${one.range.withoutLeast ? '(' : '['}${one.range.least}, ${one.range.most}${one.range.withoutMost ? ')' : ']'}`;
    case 'shape':
      return one.sizes.join(' × ');
    case 'attribute':
      return `${one.name.pieces.join('*')} ${one.value === undefined ? '' : one.value.kind}`.trim();
  }
}

describe('a query', () => {
  it.each([
    ['', ''],
    ['conv1', 'name conv1'],
    ['Conv1 RELU', 'name conv1; name relu'],
    ['"dense 1"', 'name dense 1'],
    ['"a:b,c"', 'name a:b,c'],
    ['op:Conv,Gemm', 'op conv! or gemm!'],
    ['op:Conv params:>1M name:layer3', 'op conv!; params (1000000, Infinity]; name layer3'],
    ['-op:Relu -bias', 'not op relu!; not name bias'],
    ['layer*conv', 'name layer*conv'],
    ['name:=stem', 'name stem!'],
    ['op=Conv', 'op conv!'],
    ['params>1M', 'params (1000000, Infinity]'],
    ['params >= 4Ki', 'params [4096, Infinity]'],
    ['bytes:4Ki..1MiB', 'bytes [4096, 1048576]'],
    ['bytes:..1k', 'bytes [-Infinity, 1000]'],
    ['params:64', 'params [64, 64]'],
    ['operations:<2.5G', 'operations [-Infinity, 2500000000)'],
    ['OPERATIONS:>90%', 'operations (0.9, Infinity]'],
    ['shape:*x64x*', 'shape * × 64 × *'],
    ['shape:?,64', 'shape ? × 64'],
    ['shape:[1,3,224,224]', 'shape 1 × 3 × 224 × 224'],
    ['shape:batchx64', 'shape batch × 64'],
    ['shape:[]', 'shape '],
    ['attr:axis', 'attr axis'],
    ['attr:strides=2x2', 'attr strides list'],
    ['attr:axis=-1', 'attr axis number'],
    ['attr:mode=nearest*', 'attr mode text'],
    ['a=b', 'name a=b'],
    ['/layer1/layer1.0/Conv', 'name /layer1/layer1.0/conv'],
    ['kind:module', 'kind module!'],
    ['"unfinished text', 'name unfinished text'],
  ])('%s', (text, expected) => {
    expect(inWords(parsed(text))).toBe(expected);
  });

  it('of the help is one', () => {
    for (const { query } of SEARCH_EXAMPLES) expect(parsed(query).terms.length).toBeGreaterThan(0);
  });
});

describe('what is not understood', () => {
  it.each([
    ['oq:Conv', 'oq', 'There is no field “oq”. Did you mean “op”? A text with a colon stands in quotes.'],
    ['parms>1M', 'parms', 'There is no field “parms”. Did you mean “params”?'],
    [
      'operation:>1',
      'operation',
      'There is no field “operation”. Did you mean “operations”? A text with a colon stands in quotes.',
    ],
    ['zzzz:1', 'zzzz', 'There is no field “zzzz”. A text with a colon stands in quotes.'],
    ['relu params:>many', '>many', '“>many” is no number: params takes 64, >1M, <=4Ki or 10..20.'],
    ['op:', 'op:', 'Something must follow “op:”.'],
    ['op:Conv,', 'op:Conv,', 'Something must follow “op:Conv,”.'],
    ['-', '-', 'Something must follow “-”.'],
    ['op:>3', '>3', 'op is a text, which is neither smaller nor larger than another.'],
    ['op>3', '3', 'op is a text, which is neither smaller nor larger than another.'],
    ['shape:1x,', '1x,', 'A shape is sizes with x or commas between them: 1x64x?, or *x64 with any number before.'],
    ['attr:=3', '=3', 'The name of an attribute is missing: attr:strides, attr:strides=2.'],
    ['attr:axis=', 'axis=', 'Something must follow “axis=”.'],
    ['attr:axis>x', 'axis>x', '“x” is no number.'],
    ['kind:layer', 'layer', 'There is no kind “layer”: there are node, module, input, output.'],
  ])('%s', (text, part, message) => {
    expect(problemsOf(text)).toEqual([[part, message]]);
  });

  it('is told of every term at once', () => {
    expect(problemsOf('a:1 op:Conv b:2').map(([part]) => part)).toEqual(['a', 'b']);
  });

  it('is a query of enormous length', () => {
    expect(problemsOf('a'.repeat(1_000_000))).toHaveLength(1);
    expect(problemsOf('a '.repeat(60))).toHaveLength(1);
    expect(problemsOf(`op:${'a,'.repeat(200)}b`)).toHaveLength(1);
  });

  it('never throws, and lies within the text', () => {
    const piece = fc.constantFrom(
      'op',
      ':',
      '-',
      '"',
      ',',
      '*',
      '>',
      '>=',
      '..',
      'shape:',
      'attr:',
      '=',
      'x',
      '1M',
      ' ',
      '?',
      '[',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(piece, { maxLength: 14 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (query) => {
        const found = parseQuery(query, METRICS);
        if ('query' in found) return;
        expect(found.problems.length).toBeGreaterThan(0);
        for (const { from, to, message } of found.problems) {
          expect(from).toBeGreaterThanOrEqual(0);
          expect(from).toBeLessThanOrEqual(to);
          expect(to).toBeLessThanOrEqual(query.length);
          expect(message.length).toBeLessThan(300);
        }
      }),
      { seed: 3, numRuns: 3000 },
    );
  });
});

describe('numbers', () => {
  it.each([
    ['64', 64],
    ['1.5k', 1500],
    ['2M', 2e6],
    ['3g', 3e9],
    ['1T', 1e12],
    ['4Ki', 4096],
    ['1MiB', 1048576],
    ['1GB', 1e9],
    ['50%', 0.5],
    ['-1', -1],
    ['1e-3', 0.001],
    ['.5', 0.5],
    ['x', undefined],
    ['1Q', undefined],
    ['1e999', undefined],
    ['', undefined],
  ])('%s', (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it('are in a range with its ends, or without them', () => {
    const has = (text: string, value: number): boolean => {
      const range = parseRange(text);
      return range !== undefined && inRange(range, value);
    };
    expect(['>5', '>=5', '<5', '<=5', '=5', '5', '5..6', '4..5', '..5', '5..'].map((text) => has(text, 5))).toEqual([
      false, true, false, true, true, true, true, true, true, true,
    ]); // prettier-ignore
    expect(has('..', 5)).toBe(false);
    expect(has('>=-1', NaN)).toBe(false);
  });
});

describe('texts with stars', () => {
  it('match what the regular expression matches', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(letters, text, fc.boolean(), (pattern, searched, whole) => {
        const expression = pattern.split('*').join('.*');
        const expected = new RegExp(whole ? `^${expression}$` : expression).test(searched);
        expect(matchesText(textPattern(pattern, whole), searched)).toBe(expected);
      }),
      { seed: 5, numRuns: 5000 },
    );
  });

  it('take time linear in the text', () => {
    const start = performance.now();
    expect(matchesText(textPattern('*a'.repeat(500), true), `${'a'.repeat(100_000)}b`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(200);
  });
});
