import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LONGEST_NAME, parseLabels } from '../../../src/core/features/labels.js';
import { readLabels, writeLabel } from '../../../src/node/feature-labels.js';

let folder = '';
let dictionary = '';
const file = (): string => `${dictionary}.labels.json`;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labels-'));
  dictionary = join(folder, 'sae.safetensors');
});
afterEach(() => rm(folder, { recursive: true }));

describe('names of features', () => {
  it('are none before the first, then kept beside the dictionary and nothing else', async () => {
    expect(await readLabels(dictionary)).toEqual({});
    await writeLabel(dictionary, 12, { name: ' dogs ', note: 'also\nwolves' });
    expect(await readLabels(dictionary)).toEqual({ 12: { name: 'dogs', note: 'also\nwolves' } });
    expect(await readdir(folder)).toEqual(['sae.safetensors.labels.json']);
  });

  it('written at once are all kept', async () => {
    const features = Array.from({ length: 20 }, (_, feature) => feature);
    await Promise.all(features.map((feature) => writeLabel(dictionary, feature, { name: `f${feature}`, note: '' })));
    expect(Object.keys(await readLabels(dictionary))).toHaveLength(20);
  });

  it('are taken away by an empty name and note', async () => {
    await writeLabel(dictionary, 1, { name: 'a', note: '' });
    expect(await writeLabel(dictionary, 1, { name: ' ', note: '' })).toEqual({});
  });

  it.each([
    ['no JSON', '{'],
    ['another version', '{"version": 2, "features": {}}'],
    ['no features', '{"version": 1, "features": []}'],
    ['a feature without a number', '{"version": 1, "features": {"__proto__x": {"name": "a"}}}'],
    ['a name that is no text', '{"version": 1, "features": {"1": {"name": 3}}}'],
  ])('in a file with %s are refused, and the file is left alone', async (_, text) => {
    await writeFile(file(), text);
    await expect(writeLabel(dictionary, 1, { name: 'a', note: '' })).rejects.toMatchObject({
      problem: { kind: 'invalid-recipe', place: 'sae.safetensors.labels.json' },
    });
    expect(await readFile(file(), 'utf8')).toBe(text);
  });

  it('are made short and harmless as they are read', () => {
    const hostile = { version: 1, features: { 3: { name: `a\u202eb${'x'.repeat(1000)}`, note: 'one\ntwo\u0007' } } };
    const { name = '', note } = parseLabels(JSON.stringify(hostile), 'labels.json')[3] ?? {};
    expect(name.length).toBe(LONGEST_NAME);
    expect(name.startsWith('a\ufffdb')).toBe(true);
    expect(note).toBe('one\ntwo\ufffd');
  });
});
