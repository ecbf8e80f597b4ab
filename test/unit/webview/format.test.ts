import { describe, expect, it } from 'vitest';
import { explainWords } from '../../../webview/format/glossary.js';
import {
  formatBytes,
  formatCompact,
  formatNumber,
  formatReading,
  formatShare,
} from '../../../webview/format/numbers.js';
import { toCsv, toTabSeparated } from '../../../webview/format/tables.js';
import { fileName, formatShape } from '../../../webview/format/words.js';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers on the page', () => {
  it.each([
    [0, '0 %'],
    [0.224, '22.4 %'],
    [1, '100 %'],
    [0.000123, '0.012 %'],
    [0.000001, '< 0.001 %'],
    [0.99999, '> 99.9 %'],
    [NaN, '–'],
  ])('show the share %d as %s: never nothing for something, nor all for almost all', (share, text) => {
    expect(plain(formatShare(share))).toBe(text);
  });

  it.each([
    [0, '0'],
    [-0, '0'],
    [0.41237, '0.4124'],
    [0.00004123, '4.12e-5'],
    [1234.5678, '1,235'],
    [-Infinity, '−∞'],
  ])('show the number %d as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('show parameters and bytes with their unit', () => {
    expect(plain(formatCompact(271_872))).toBe('272 K');
    expect(plain(formatBytes(1_104_385))).toBe('1.1 MB');
    expect(plain(formatBytes(12))).toBe('12 bytes');
  });

  it('have more digits where a person points at one value', () => {
    expect(formatReading('number', 0.412378)).toBe('0.412378');
    expect(plain(formatReading('share', 0.4123784))).toBe('41.2378 %');
  });
});

describe('shapes', () => {
  it('are written with times signs, open dimensions by their names', () => {
    expect(formatShape([1, 3, 'height', '?'])).toBe('1 × 3 × height × ?');
    expect(formatShape([])).toBe('scalar');
    expect(formatShape(undefined)).toBe('any shape');
  });
});

describe('tables that leave the page', () => {
  it('quote what would break CSV, and defuse names that a spreadsheet would run', () => {
    const csv = toCsv({
      header: ['layer', 'value'],
      rows: [
        ['a "b", c', '-1.5'],
        ['=HYPERLINK("x")', '2'],
      ],
    });
    expect(csv).toBe('layer,value\r\n"a ""b"", c",-1.5\r\n"\'=HYPERLINK(""x"")",2\r\n');
  });

  it('keep one row per line on the clipboard, whatever the names hold', () => {
    expect(toTabSeparated({ header: ['a'], rows: [['x\ty\nz']] })).toBe('a\nx y z');
  });

  it('get file names that every platform takes', () => {
    expect(fileName('../Zero share: layer/1', 'csv')).toBe('Zero-share-layer-1.csv');
    expect(fileName('???', 'png')).toBe('model.png');
  });
});

describe('words of the field', () => {
  it('are explained at their first mention, and the sentence stays as it was', () => {
    const sentence = 'conv1: 14 of 64 channels never fired, 2 are always on; 14 never fired.';
    const pieces = explainWords(sentence);
    expect(pieces.map(({ text }) => text).join('')).toBe(sentence);
    expect(pieces.filter(({ explanation }) => explanation !== undefined).map(({ text }) => text)).toEqual([
      'never fired',
      'always on',
    ]);
  });
});
