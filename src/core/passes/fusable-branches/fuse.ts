/**
 * One node that does what several do. Sources: methods M2; RepVGG (Ding et al. 2021) for parallel branches. Numbers are
 * float64 until the node is written.
 */
import { elementCount } from '../../tensor/tensor.js';
import type { Branch, Fusable } from './find.js';
import type { ConvolutionStep, NormalisationStep, ProductStep } from '../linear-step.js';

/** The numbers and dimensions of a constant of the graph. */
export interface Constant {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

export type ReadConstant = (value: string) => Promise<Constant>;

/** A convolution of its own: weights [outputs, inputs per group, kernel…]. */
export interface FusedConvolution {
  readonly kind: 'convolution';
  readonly dims: readonly number[];
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  readonly padsBefore: readonly number[];
  readonly padsAfter: readonly number[];
  readonly strides: readonly number[];
  readonly groups: number;
}

/** x W + b: weights [inputs, outputs]. */
export interface FusedProduct {
  readonly kind: 'product';
  readonly dims: readonly [number, number];
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

export type Fused = FusedConvolution | FusedProduct;

/** @returns why the branches cannot be one node, where they cannot. */
export async function fuse(fusable: Fusable, read: ReadConstant): Promise<Fused | { readonly reason: string }> {
  const [only] = fusable.branches;
  switch (fusable.kind) {
    case 'chain of products':
      return fuseProducts(only as readonly ProductStep[], read);
    case 'chain of convolutions':
      return fusePointwise(only as readonly ConvolutionStep[], read);
    case 'convolution and normalisation':
      return branchKernel(only as Branch, 0, read);
    case 'parallel branches':
      return fuseParallel(fusable.branches, read);
  }
}

/** t = γ / √(σ² + ε); K' = t K, b' = β + (b − μ) t. */
async function normalise(
  kernel: FusedConvolution,
  step: NormalisationStep,
  read: ReadConstant,
): Promise<FusedConvolution> {
  const [scale, shift, mean, variance] = await Promise.all(
    [step.scale, step.shift, step.mean, step.variance].map(async (value) => (await read(value)).data),
  );
  const perOutput = elementCount(kernel.dims.slice(1));
  const factor = (output: number): number =>
    (scale?.[output] ?? NaN) / Math.sqrt((variance?.[output] ?? NaN) + step.epsilon);
  return {
    ...kernel,
    weights: kernel.weights.map((value, at) => value * factor(Math.floor(at / perOutput))),
    bias: kernel.bias.map(
      (value, output) => (shift?.[output] ?? NaN) + (value - (mean?.[output] ?? NaN)) * factor(output),
    ),
  };
}

/** @param channels of the shared input, for a branch without a convolution */
async function branchKernel(branch: Branch, channels: number, read: ReadConstant): Promise<FusedConvolution> {
  let kernel: FusedConvolution | undefined;
  for (const step of branch) {
    if (step.kind === 'convolution') kernel = await convolutionKernel(step, read);
    else if (step.kind === 'normalisation') kernel = await normalise(kernel ?? identity(channels), step, read);
  }
  return kernel ?? identity(channels);
}

async function convolutionKernel(step: ConvolutionStep, read: ReadConstant): Promise<FusedConvolution> {
  const { dims, data } = await read(step.weights);
  const bias = step.bias === undefined ? undefined : (await read(step.bias)).data;
  return {
    kind: 'convolution',
    dims,
    weights: Float64Array.from(data),
    bias: Float64Array.from({ length: dims[0] ?? 0 }, (_, output) => bias?.[output] ?? 0),
    padsBefore: step.padsBefore,
    padsAfter: step.padsAfter,
    strides: step.strides,
    groups: step.groups,
  };
}

/** A 1 × … × 1 convolution in one group that gives what it is given. */
function identity(channels: number): FusedConvolution {
  const weights = new Float64Array(channels * channels);
  for (let channel = 0; channel < channels; channel++) weights[channel * channels + channel] = 1;
  return {
    kind: 'convolution',
    dims: [channels, channels],
    weights,
    bias: new Float64Array(channels),
    padsBefore: [],
    padsAfter: [],
    strides: [],
    groups: 1,
  };
}

async function fuseParallel(
  branches: readonly Branch[],
  read: ReadConstant,
): Promise<Fused | { readonly reason: string }> {
  const steps = branches.flat();
  const convolutions = steps.filter((step) => step.kind === 'convolution');
  const [largest] = [...convolutions].sort((a, b) => elementCount(b.kernel) - elementCount(a.kernel));
  const channels = await channelsOf(steps, read);
  const kernels = await Promise.all(branches.map((branch) => branchKernel(branch, channels, read)));
  if (largest === undefined) return sum(kernels);
  const { kernel: size, padsBefore, padsAfter, strides, groups } = largest;
  const fitted: FusedConvolution[] = [];
  for (const kernel of kernels) {
    const own = fitGroups(kernel, groups);
    if (own === undefined) return { reason: 'The branches have different groups.' };
    const placed = place(own, { size, padsBefore, padsAfter, strides });
    if (placed === undefined) return { reason: 'The branches do not look at the same places.' };
    fitted.push(placed);
  }
  return sum(fitted);
}

/** Channels of the shared input: what convolutions and normalisations that read it expect. */
async function channelsOf(steps: readonly Branch[number][], read: ReadConstant): Promise<number> {
  for (const step of steps) {
    if (step.kind === 'convolution') return ((await read(step.weights)).dims[1] ?? 0) * step.groups;
    if (step.kind === 'normalisation') return elementCount((await read(step.scale)).dims);
  }
  return 0;
}

/** Identities come in one group; a convolution in several groups knows its own channels only. */
function fitGroups(kernel: FusedConvolution, groups: number): FusedConvolution | undefined {
  if (kernel.groups === groups) return kernel;
  // Only what was made of an identity has no spatial axes, and no number off its diagonal.
  if (kernel.dims.length !== 2 || kernel.groups !== 1) return undefined;
  const [outputs = 0, inputs = 0] = kernel.dims;
  const perGroup = inputs / groups;
  const weights = new Float64Array(outputs * perGroup);
  for (let output = 0; output < outputs; output++) {
    weights[output * perGroup + (output % perGroup)] = kernel.weights[output * inputs + output] ?? 0;
  }
  return { ...kernel, dims: [outputs, perGroup], weights, groups };
}

interface Place {
  readonly size: readonly number[];
  readonly padsBefore: readonly number[];
  readonly padsAfter: readonly number[];
  readonly strides: readonly number[];
}

/** The kernel in the middle of a larger one, zeros around it; undefined where it would not see the same places. */
function place(
  kernel: FusedConvolution,
  { size, padsBefore, padsAfter, strides }: Place,
): FusedConvolution | undefined {
  const [outputs = 0, inputs = 0] = kernel.dims;
  const own = size.map((_, axis) => kernel.dims[axis + 2] ?? 1);
  const offsets = size.map((_, axis) => (padsBefore[axis] ?? 0) - (kernel.padsBefore[axis] ?? 0));
  const sees = size.every((length, axis) => {
    const after = length - (own[axis] ?? 1) - (offsets[axis] ?? 0);
    const sameStride = (kernel.strides[axis] ?? 1) === strides[axis];
    return sameStride && (offsets[axis] ?? -1) >= 0 && after === (padsAfter[axis] ?? 0) - (kernel.padsAfter[axis] ?? 0);
  });
  if (!sees) return undefined;
  const [inside, around] = [elementCount(own), elementCount(size)];
  const weights = new Float64Array(outputs * inputs * around);
  for (let pair = 0; pair < outputs * inputs; pair++) {
    for (let at = 0; at < inside; at++) {
      let rest = at;
      let target = 0;
      let step = 1;
      for (let axis = size.length - 1; axis >= 0; axis--) {
        const index = rest % (own[axis] ?? 1);
        rest = Math.floor(rest / (own[axis] ?? 1));
        target += (index + (offsets[axis] ?? 0)) * step;
        step *= size[axis] ?? 1;
      }
      weights[pair * around + target] = kernel.weights[pair * inside + at] ?? 0;
    }
  }
  return { ...kernel, dims: [outputs, inputs, ...size], weights, padsBefore, padsAfter, strides };
}

function sum(kernels: readonly FusedConvolution[]): Fused | { readonly reason: string } {
  const [first, ...others] = kernels;
  if (first === undefined || others.some(({ dims }) => dims.join() !== first.dims.join())) {
    return { reason: 'The branches have different channels.' };
  }
  return {
    ...first,
    weights: first.weights.map((value, at) => others.reduce((total, { weights }) => total + (weights[at] ?? 0), value)),
    bias: first.bias.map((value, at) => others.reduce((total, { bias }) => total + (bias[at] ?? 0), value)),
  };
}

/** (x W₁ + b₁) W₂ + b₂ = x (W₁ W₂) + (b₁ W₂ + b₂). */
async function fuseProducts(steps: readonly ProductStep[], read: ReadConstant): Promise<Fused> {
  const [first, second] = await Promise.all(steps.map((step) => productMatrix(step, read)));
  if (first === undefined || second === undefined) throw new Error('A chain has two steps.');
  return {
    kind: 'product',
    dims: [first.dims[0], second.dims[1]],
    weights: multiply(first.weights, second.weights, first.dims[0], first.dims[1], second.dims[1]),
    bias: multiply(first.bias, second.weights, 1, first.dims[1], second.dims[1]).map(
      (value, at) => value + (second.bias[at] ?? 0),
    ),
  };
}

async function productMatrix(step: ProductStep, read: ReadConstant): Promise<FusedProduct> {
  const { dims, data } = await read(step.weights);
  const [rows = 0, columns = 0] = dims;
  const bias = step.bias === undefined ? undefined : (await read(step.bias)).data;
  const [inputs, outputs] = step.transposed ? [columns, rows] : [rows, columns];
  return {
    kind: 'product',
    dims: [inputs, outputs],
    weights: step.transposed ? transpose(data, rows, columns) : Float64Array.from(data),
    // One number stands for all.
    bias: Float64Array.from({ length: outputs }, (_, at) => bias?.[bias.length === 1 ? 0 : at] ?? 0),
  };
}

/** A 1 × … × 1 convolution is a product over its channels. */
async function fusePointwise(steps: readonly ConvolutionStep[], read: ReadConstant): Promise<Fused> {
  const [first, second] = await Promise.all(steps.map((step) => convolutionKernel(step, read)));
  if (first === undefined || second === undefined) throw new Error('A chain has two steps.');
  const [middle = 0, inputs = 0] = first.dims;
  const [outputs = 0] = second.dims;
  return {
    ...second,
    dims: [outputs, inputs, ...second.dims.slice(2)],
    weights: multiply(second.weights, first.weights, outputs, middle, inputs),
    bias: multiply(second.weights, first.bias, outputs, middle, 1).map((value, at) => value + (second.bias[at] ?? 0)),
  };
}

/** [rows, inner] × [inner, columns]. */
function multiply(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  rows: number,
  inner: number,
  columns: number,
): Float64Array {
  const product = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k] ?? 0;
      for (let column = 0; column < columns; column++) {
        const at = row * columns + column;
        product[at] = (product[at] ?? 0) + factor * (b[k * columns + column] ?? 0);
      }
    }
  }
  return product;
}

function transpose(data: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = data[row * columns + column] ?? 0;
    }
  }
  return result;
}
