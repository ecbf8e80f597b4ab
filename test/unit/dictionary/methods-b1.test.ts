import { beforeAll, describe, expect, it } from 'vitest';
import type { Activation, Vector } from '../../../src/core/dictionary/coder.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { ENGINES } from '../engine/engines.js';
import { coderOf, runCoder, tensor } from './hand-made.js';

/** methods B1 (4): the numbers by hand. */
const HALF = Math.SQRT1_2;
const ENCODER = [
  [1, 0, -1],
  [0, 1, 1],
];
const DECODER = [
  [1, 0],
  [0, 1],
  [-HALF, HALF],
];
const BIAS = [0.1, -0.2];
const X = [1.1, 0.3];
const vector = (name: string, numbers: readonly number[]): Vector => ({
  tensor: tensor(name, [numbers.length], numbers),
});
const coder = (activation: Activation) =>
  coderOf({
    encoder: ENCODER,
    decoder: DECODER,
    encoderBias: [-0.5, 0, 0.25],
    bias: BIAS,
    subtracts: true,
    activation,
  });

describe.each(ENGINES)('methods B1, test vectors ($name)', ({ load }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await load();
  });
  const close = (got: readonly number[], want: readonly number[]): void => {
    expect(got).toHaveLength(want.length);
    want.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 6));
  };

  it('ReLU', async () => {
    const { f, xhat } = await runCoder(engine, coder({ kind: 'relu' }), [X]);
    close(f, [0.5, 0.5, 0]);
    close(xhat, [0.6, 0.3]);
  });

  it('top-k takes the first of equal ones', async () => {
    // Numbers that float32 holds exactly, so that they are equal: x − b_dec = (1, 0.5).
    const exact = coderOf({
      encoder: ENCODER,
      decoder: DECODER,
      encoderBias: [-0.5, 0, 0.25],
      bias: [0.25, -0.25],
      subtracts: true,
      activation: { kind: 'topk', k: 1, relu: true, magnitude: false },
    });
    const { f, xhat } = await runCoder(engine, exact, [[1.25, 0.25]]);
    close(f, [0.5, 0, 0]);
    close(xhat, [0.75, -0.25]);
  });

  it('JumpReLU', async () => {
    const threshold = vector('threshold', [0.6, 0.4, 0.1]);
    const { f } = await runCoder(engine, coder({ kind: 'jumprelu', threshold, relu: true }), [X]);
    close(f, [0, 0.5, 0]);
  });

  it('gated', async () => {
    const gated = coderOf({
      encoder: ENCODER,
      decoder: DECODER,
      bias: BIAS,
      subtracts: true,
      activation: {
        kind: 'gated',
        gateBias: vector('b_gate', [-0.5, -0.6, 0]),
        magnitudeScale: vector('r_mag', [0.2, 0, 0]),
        magnitudeBias: vector('b_mag', [0, 0.1, 0]),
      },
    });
    close((await runCoder(engine, gated, [X])).f, [1.2214027582, 0, 0]);
  });

  it('a JumpReLU is strict: what equals its threshold does not fire', async () => {
    const strict = coderOf({
      encoder: [[1, 1, 1]],
      decoder: [[1], [1], [1]],
      encoderBias: [0, 0, 0],
      bias: [0],
      subtracts: false,
      activation: { kind: 'jumprelu', threshold: vector('threshold', [0.5, 0.25, 0.75]), relu: false },
    });
    close((await runCoder(engine, strict, [[0.5]])).f, [0, 0.5, 0]);
  });

  it('with a negative threshold, the further ReLU decides', async () => {
    const below = (relu: boolean) =>
      coderOf({
        encoder: [[1, 1]],
        decoder: [[1], [1]],
        encoderBias: [0, 0],
        bias: [0],
        subtracts: false,
        activation: { kind: 'jumprelu', threshold: -1, relu },
      });
    close((await runCoder(engine, below(false), [[-0.5]])).f, [-0.5, -0.5]);
    close((await runCoder(engine, below(true), [[-0.5]])).f, [0, 0]);
  });

  it('rescaling decoder rows, and encoders, biases and thresholds against them, leaves x̂ as it is', async () => {
    const scales = [2, 0.25, 3];
    const thresholds = [0.4, 0.4, 0.1];
    const jump = (by: readonly number[]): Activation => ({
      kind: 'jumprelu',
      threshold: vector(
        'threshold',
        thresholds.map((value, i) => value * (by[i] ?? 1)),
      ),
      relu: true,
    });
    const make = (by: readonly number[]) =>
      coderOf({
        encoder: ENCODER.map((row) => row.map((value, i) => value * (by[i] ?? 1))),
        decoder: DECODER.map((row, i) => row.map((value) => value / (by[i] ?? 1))),
        encoderBias: [-0.5, 0, 0.25].map((value, i) => value * (by[i] ?? 1)),
        bias: BIAS,
        subtracts: true,
        activation: jump(by),
      });
    const tokens = [X, [0.3, 2], [-1, 1.5], [4, -2]];
    const plain = await runCoder(engine, make([1, 1, 1]), tokens);
    const scaled = await runCoder(engine, make(scales), tokens);
    close(scaled.xhat, plain.xhat);
    close(
      scaled.f,
      plain.f.map((value, i) => value * (scales[i % 3] ?? 1)),
    );
    expect(plain.f.some((value) => value > 0)).toBe(true);
  });
});
