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
    const progress = { inputsSeen: 120, inputsPlanned: 2000, secondsLeft: 12, phase: 'Running' };
    expect(progressText(progress)).toBe('Running: 120 of 2,000 inputs, about 12 s left');
  });

  it('does not invent numbers before they are known', () => {
    expect(progressText({ inputsSeen: 0, inputsPlanned: 0, phase: 'Preparing' })).toBe('Preparing…');
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
