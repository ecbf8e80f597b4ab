import { describe, expect, it } from 'vitest';
import { problemText, progressText, timeLeftText } from '../../../src/host/texts.js';

describe('progress', () => {
  it.each([
    [0.2, 'less than 1 s left'],
    [11.2, 'about 12 s left'],
    [89, 'about 89 s left'],
    [150, 'about 3 min left'],
    [7300, 'about 2 h left'],
  ])('%s seconds are "%s"', (seconds, text) => expect(timeLeftText(seconds)).toBe(text));

  it('says how many inputs were seen and what is left', () => {
    const progress = { unit: 'inputs', done: 120, planned: 2000, secondsLeft: 12, phase: 'Running' } as const;
    expect(progressText(progress)).toBe('Running: 120 of 2,000 inputs, about 12 s left');
  });

  it('says how much of the weights was read', () => {
    const progress = { unit: 'bytes', done: 120e6, planned: 2000e6, phase: 'Reading weights' } as const;
    expect(progressText(progress)).toBe('Reading weights: 120 of 2,000 MB');
  });

  it('does not invent numbers before they are known', () => {
    expect(progressText({ unit: 'inputs', done: 0, planned: 0, phase: 'Preparing' })).toBe('Preparing…');
  });
});

describe('a problem', () => {
  it('is told with its place and remedy', () => {
    const text = problemText({
      kind: 'truncated-file',
      message: 'The file ends early.',
      place: 'a.onnx',
      remedy: 'Download it again.',
    });
    expect(text).toBe('The file ends early. (a.onnx) Download it again.');
  });

  it('does not name a place twice', () => {
    expect(problemText({ kind: 'empty-file', message: 'a.onnx is empty.', place: 'a.onnx' })).toBe('a.onnx is empty.');
  });
});
