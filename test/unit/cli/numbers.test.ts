import { expect, it } from 'vitest';
import { counted } from '../../../src/cli/numbers.js';

it('counts in words that fit the number', () => {
  const texts = [0, 1, 2, 2048].map((value) => counted(value, 'token', 'tokens'));
  expect(texts).toEqual(['0 tokens', '1 token', '2 tokens', '2,048 tokens']);
});
