/**
 * Activation functions: what they are called, what family they belong to, the range of their values, and their
 * formula. One row per function; `operators.ts` says which ONNX operators are which function, and `spelled-out.ts`
 * recognises functions that a file spells as several nodes by comparing values with these formulas.
 */
import type { ActivationFamily } from '../layers.js';

export interface Range {
  readonly lower?: number;
  readonly upper?: number;
}

export interface ActivationFunction {
  readonly name: string;
  readonly family: ActivationFamily;
  readonly range: Range;
}

export interface Formula extends ActivationFunction {
  readonly formula: (x: number) => number;
}

/** Abramowitz and Stegun 7.1.26 is not exact enough to tell the two GELUs apart; this series is (|error| < 1e-14). */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  // erf(x) = 2/√π · e^(−x²) · Σ 2^n x^(2n+1) / (1·3·5…(2n+1)): all terms have one sign, so nothing cancels.
  for (let n = 1; n < 200 && Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const softplus = (x: number): number => (x > 30 ? x : Math.log1p(Math.exp(x)));

// Minima of the non-monotone functions: at x = −0.7518 (GELU), −1.2785 (SiLU), −1.5 (hard swish), −1.1924 (Mish).
const GELU_MINIMUM = -0.17;
const TANH_GELU_MINIMUM = -0.1701;
export const SILU_MINIMUM = -0.2785;
const MISH_MINIMUM = -0.3089;
const HARD_SWISH_MINIMUM = -0.375;

/** Functions without parameters. */
export const FORMULAS = {
  relu: { name: 'Relu', family: 'rectifier', range: { lower: 0 }, formula: (x) => Math.max(x, 0) },
  relu6: {
    name: 'Relu6',
    family: 'rectifier',
    range: { lower: 0, upper: 6 },
    formula: (x) => Math.min(Math.max(x, 0), 6),
  },
  squaredRelu: { name: 'Squared Relu', family: 'rectifier', range: { lower: 0 }, formula: (x) => Math.max(x, 0) ** 2 },
  hardTanh: {
    name: 'HardTanh',
    family: 'saturating',
    range: { lower: -1, upper: 1 },
    formula: (x) => Math.min(Math.max(x, -1), 1),
  },
  gelu: {
    name: 'Gelu',
    family: 'smooth',
    range: { lower: GELU_MINIMUM },
    formula: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  },
  tanhGelu: {
    name: 'Gelu',
    family: 'smooth',
    range: { lower: TANH_GELU_MINIMUM },
    formula: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  },
  quickGelu: {
    name: 'QuickGelu',
    family: 'smooth',
    range: { lower: SILU_MINIMUM / 1.702 },
    formula: (x) => x * sigmoid(1.702 * x),
  },
  silu: { name: 'Silu', family: 'smooth', range: { lower: SILU_MINIMUM }, formula: (x) => x * sigmoid(x) },
  mish: {
    name: 'Mish',
    family: 'smooth',
    range: { lower: MISH_MINIMUM },
    formula: (x) => x * Math.tanh(softplus(x)),
  },
  hardSwish: {
    name: 'HardSwish',
    family: 'rectifier',
    range: { lower: HARD_SWISH_MINIMUM },
    formula: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  },
  hardSigmoid: {
    name: 'HardSigmoid',
    family: 'saturating',
    range: { lower: 0, upper: 1 },
    formula: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  },
  softplus: { name: 'Softplus', family: 'smooth', range: { lower: 0 }, formula: softplus },
  softsign: {
    name: 'Softsign',
    family: 'saturating',
    range: { lower: -1, upper: 1 },
    formula: (x) => x / (1 + Math.abs(x)),
  },
  sigmoid: { name: 'Sigmoid', family: 'saturating', range: { lower: 0, upper: 1 }, formula: sigmoid },
  tanh: { name: 'Tanh', family: 'saturating', range: { lower: -1, upper: 1 }, formula: Math.tanh },
} as const satisfies Readonly<Record<string, Formula>>;
