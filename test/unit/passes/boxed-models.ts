/** Small networks that other people made, and the sample classifier, each with a box of inputs that means something for it. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { sharedData } from '../shared-data.js';
import type { BoxedModel } from './box-points.js';

export interface BoxedFile extends Omit<BoxedModel, 'model'> {
  readonly name: string;
  /** In the shared data; undefined for the sample. */
  readonly path?: string;
  /** Sizes of open dimensions: one example. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Whether MNIST’s test pictures, from 0 to 1, are inputs of it. */
  readonly readsMnist?: boolean;
}

function boxed(input: string, lower: readonly number[], upper: readonly number[], axis?: number): BoxedModel['box'] {
  const range = { lower, upper, origin: 'as the test says', ...(axis === undefined ? {} : { axis }) };
  return { ranges: { [input]: range }, splits: 0 };
}

/** Over all that can be put into them little is proven of networks; in a narrow box much is. */
function narrow(file: BoxedFile, lower: number, upper: number): BoxedFile {
  const { readsMnist: _, ...rest } = file;
  return { ...rest, name: `${file.name} in a narrow box`, box: boxed(file.input, [lower], [upper]) };
}

const WHOLE: readonly BoxedFile[] = [
  ...['mnist2x10', 'mnist2x5_sigmoid'].map((name) => ({
    name,
    path: `vision-classification/${name}.onnx`,
    input: 'input',
    example: [1, 28, 28],
    sizes: { batch_size: 1 },
    box: boxed('input', [0], [1]),
    readsMnist: true,
  })),
  {
    name: 'KJ_TinyTaxiNet',
    path: 'vision-classification/KJ_TinyTaxiNet.onnx',
    input: 'X_place:0',
    example: [8, 16, 1],
    sizes: { unk__11: 1 },
    box: boxed('X_place:0', [0], [1]),
  },
  {
    name: 'tanh_test',
    path: 'mlp-control/tanh_test.onnx',
    input: 'input_1',
    example: [4],
    sizes: { unk__6: 1 },
    box: boxed('input_1', [-1], [1]),
  },
];

/** Deep networks of convolutions: over all pictures nothing is proven of them, close to gray much is. */
const DEEP: readonly BoxedFile[] = [
  {
    name: 'resnet20',
    path: 'derived/resnet20-12fca82f.onnx',
    input: 'input',
    example: [3, 32, 32],
    sizes: { batch: 1 },
    box: boxed('input', [-0.001], [0.001]),
  },
  {
    name: 'the sample classifier',
    input: 'image',
    example: [3, 48, 48],
    sizes: { batch: 1 },
    box: boxed('image', [-0.001], [0.001]),
  },
];

/** Small networks each over its whole box and over a narrow one. */
export const BOXED: readonly BoxedFile[] = [...WHOLE, ...WHOLE.map((file) => narrow(file, 0.49, 0.51)), ...DEEP];

const SAMPLE = new URL('../../../media/samples/shapes/shapes-resnet.onnx', import.meta.url);

/** @returns undefined (said aloud) where the file is absent. */
export function openBoxed({ path, input, example, box }: BoxedFile): BoxedModel | undefined {
  const file = path === undefined ? SAMPLE : sharedData(path);
  return file === undefined ? undefined : { model: decodeOnnx(readFileSync(file)), input, example, box };
}

/** The 10,000 test pictures in one batch, from 0 to 1; undefined where they are absent. */
export function mnistPictures(): Float32Array | undefined {
  const file = sharedData('datasets/mnist/t10k-images-idx3-ubyte.gz');
  if (file === undefined) return undefined;
  // 16 bytes of header: what it holds, how many, and their sizes.
  return Float32Array.from(gunzipSync(readFileSync(file)).subarray(16), (pixel) => pixel / 255);
}
