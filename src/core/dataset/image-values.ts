import type { Picture } from './decode-image.js';
import type { ImageRecipe } from './recipe.js';
import { resample } from './resample.js';

/** Weights of red, green and blue in a gray value: ITU-R BT.601. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** A part of {@link ImageRecipe}: what happens to a picture on its way to the input. */
export type Preparation = Pick<ImageRecipe, 'resize' | 'channels' | 'layout' | 'scale' | 'mean' | 'std'>;

/**
 * A picture as the input wants it: resized, then (pixel · scale − mean) / std per channel, pixels 0…255.
 * Mean and standard deviation are in the order of the tensor's channels (blue first for bgr); one value serves all.
 * Where `pad` leaves a border, the border is black before scaling.
 * @returns [c, h, w] or [h, w, c] by layout; c is 1 for gray and 3 otherwise.
 */
export function imageValues(picture: Picture, preparation: Preparation, height: number, width: number): Float32Array {
  const { channels, layout, scale, mean, std } = preparation;
  const source = channels === 'gray' ? grayPicture(picture) : picture;
  const pixels = resized(source, preparation.resize, height, width); // [h, w, source channels]
  const count = channels === 'gray' ? 1 : 3;
  const values = new Float32Array(count * height * width);
  for (let c = 0; c < count; c++) {
    const sourceChannel = source.channels === 1 ? 0 : channels === 'bgr' ? 2 - c : c;
    const offset = at(mean, c, 0);
    const divisor = at(std, c, 1);
    for (let i = 0; i < height * width; i++) {
      const pixel = pixels[i * source.channels + sourceChannel] as number;
      values[layout === 'nchw' ? c * height * width + i : i * count + c] = (pixel * scale - offset) / divisor;
    }
  }
  return values;
}

function at(values: readonly number[], channel: number, fallback: number): number {
  return values[values.length === 1 ? 0 : channel] ?? fallback;
}

function grayPicture(picture: Picture): Picture {
  if (picture.channels === 1) return picture;
  const { width, height, data } = picture;
  const gray = new Float32Array(width * height);
  for (let i = 0; i < gray.length; i++) {
    gray[i] = LUMA.reduce((sum, weight, c) => sum + weight * (data[i * 3 + c] as number), 0);
  }
  return { width, height, channels: 1, data: gray };
}

/** @returns [height, width, channels]. */
function resized(picture: Picture, how: ImageRecipe['resize'], height: number, width: number): Float32Array {
  switch (how) {
    case 'stretch':
      return resample(picture, { left: 0, top: 0, width: picture.width, height: picture.height }, width, height);
    case 'crop': {
      // The largest rectangle of the input's proportions, in the middle.
      const scale = Math.min(picture.width / width, picture.height / height);
      const box = { width: width * scale, height: height * scale };
      const left = (picture.width - box.width) / 2;
      const top = (picture.height - box.height) / 2;
      return resample(picture, { left, top, ...box }, width, height);
    }
    case 'pad': {
      const scale = Math.min(width / picture.width, height / picture.height);
      const inner = {
        width: Math.max(1, Math.round(picture.width * scale)),
        height: Math.max(1, Math.round(picture.height * scale)),
      };
      const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
      const pixels = resample(picture, whole, inner.width, inner.height);
      const left = Math.floor((width - inner.width) / 2);
      const top = Math.floor((height - inner.height) / 2);
      const padded = new Float32Array(height * width * picture.channels);
      const rowLength = inner.width * picture.channels;
      for (let y = 0; y < inner.height; y++) {
        const row = pixels.subarray(y * rowLength, (y + 1) * rowLength);
        padded.set(row, ((top + y) * width + left) * picture.channels);
      }
      return padded;
    }
  }
}
