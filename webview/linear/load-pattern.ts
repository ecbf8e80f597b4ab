/** A pattern over an image from a file that a person chose: a NumPy array, or a picture of the same size. */
import { memorySource } from '../../src/core/bytes/memory-source.js';
import { problem } from '../../src/core/errors.js';
import { openNpy } from '../../src/core/formats/numpy/npy.js';
import { storedNumbers } from '../../src/core/tensor/stored-type.js';
import type { NumberArray } from '../../src/core/tensor/tensor.js';
import type { ImageLayout } from './map/map-picture.js';

/** A pattern of 4 million doubles fits. */
const MOST_BYTES = 32 * 2 ** 20;

/**
 * Numbers in the order of the layout. A picture's are from 0 to 1; a grey one counts for every channel.
 *
 * @throws ProblemError `invalid-inputs` for files that are too large, of another size, or neither of the two
 */
export async function loadPattern(file: File, layout: ImageLayout): Promise<Float32Array> {
  if (file.size > MOST_BYTES) {
    throw problem('invalid-inputs', `“${file.name}” is too large to be a pattern.`, {
      remedy: `Choose a file of at most ${MOST_BYTES / 2 ** 20} MiB.`,
    });
  }
  return /\.npy$/i.test(file.name) ? arrayPattern(file, layout) : picturePattern(file, layout);
}

async function arrayPattern(file: File, layout: ImageLayout): Promise<Float32Array> {
  const { channels, height, width } = layout;
  const array = await openNpy(memorySource(file.name, new Uint8Array(await file.arrayBuffer())));
  const dims = array.dims.filter((size) => size !== 1);
  const wanted = [channels, height, width].filter((size) => size !== 1);
  const plane = [height, width].filter((size) => size !== 1);
  const fits = (shape: readonly number[]): boolean => shape.join() === dims.join();
  if (!fits(wanted) && !fits(plane)) throw otherSize(file, array.dims.join(' × '), layout);
  const { data } = await array.read(0, array.dims[0] ?? 1);
  const values = Float32Array.from(storedNumbers(array.type, data as NumberArray), Number);
  if (values.some((value) => !Number.isFinite(value))) {
    throw problem('invalid-inputs', `“${file.name}” holds NaN or infinite numbers.`, {
      remedy: 'A pattern is made of finite numbers.',
    });
  }
  return fits(wanted) ? values : onEveryChannel(values, layout);
}

async function picturePattern(file: File, layout: ImageLayout): Promise<Float32Array> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }).catch(
    () => undefined,
  );
  if (bitmap === undefined) {
    throw problem('invalid-inputs', `“${file.name}” is neither a picture that can be read nor a NumPy array.`, {
      remedy: 'Choose a PNG or JPEG picture, or an array saved with np.save.',
    });
  }
  const { width, height, channels } = layout;
  try {
    if (bitmap.width !== width || bitmap.height !== height) {
      throw otherSize(file, `${bitmap.width} wide, ${bitmap.height} tall`, layout);
    }
    const context = new OffscreenCanvas(width, height).getContext('2d');
    if (context === null) throw new Error('The browser gives no canvas to read a picture with');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const size = width * height;
    const of = (cell: number, color: number): number => (data[4 * cell + color] ?? 0) / 255;
    if (channels === 3) return Float32Array.from({ length: 3 * size }, (_, at) => of(at % size, Math.floor(at / size)));
    const grey = Float32Array.from(
      { length: size },
      // Luma of ITU-R BT.601, as the model's own pictures become grey.
      (_, cell) => 0.299 * of(cell, 0) + 0.587 * of(cell, 1) + 0.114 * of(cell, 2),
    );
    return onEveryChannel(grey, layout);
  } finally {
    bitmap.close();
  }
}

function onEveryChannel(plane: Float32Array, { channels }: ImageLayout): Float32Array {
  const values = new Float32Array(plane.length * channels);
  for (let channel = 0; channel < channels; channel++) values.set(plane, channel * plane.length);
  return values;
}

function otherSize(file: File, found: string, { channels, height, width }: ImageLayout) {
  return problem('invalid-inputs', `“${file.name}” is not of the output’s size: it is ${found}.`, {
    remedy: `Choose a picture ${width} wide and ${height} tall, or an array of ${channels} × ${height} × ${width} or ${height} × ${width} numbers.`,
  });
}
