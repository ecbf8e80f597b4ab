import type { Picture } from './decode-image.js';

/** A rectangle of a picture in pixels; its edges may lie inside pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** For each output position: the first source position and the weights from there on, which sum to 1. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

/**
 * Bilinear resampling with half-pixel centres; when a side shrinks, the triangle grows with it, so that every source
 * pixel counts (antialiasing). This is the filter that Pillow calls BILINEAR and torchvision `antialias=True`.
 * @returns values of shape [height, width, channels], on the picture's own scale.
 */
export function resample(picture: Picture, box: Box, width: number, height: number): Float32Array {
  const { channels, data } = picture;
  const across = triangleTaps(box.left, box.width, picture.width, width);
  const down = triangleTaps(box.top, box.height, picture.height, height);
  const firstRow = Math.min(...down.first);
  const lastRow = down.first.reduce((last, first, i) => Math.max(last, first + (down.weights[i]?.length ?? 0)), 0);

  const narrowed = new Float32Array((lastRow - firstRow) * width * channels); // [rows, width, channels]
  for (let row = firstRow; row < lastRow; row++) {
    for (let x = 0; x < width; x++) {
      const weights = across.weights[x] as Float64Array;
      const from = (row * picture.width + (across.first[x] as number)) * channels;
      const to = ((row - firstRow) * width + x) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          sum += (weights[k] as number) * (data[from + k * channels + c] as number);
        }
        narrowed[to + c] = sum;
      }
    }
  }

  const result = new Float32Array(height * width * channels);
  const rowLength = width * channels;
  for (let y = 0; y < height; y++) {
    const weights = down.weights[y] as Float64Array;
    const from = ((down.first[y] as number) - firstRow) * rowLength;
    for (let i = 0; i < rowLength; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum += (weights[k] as number) * (narrowed[from + k * rowLength + i] as number);
      }
      result[y * rowLength + i] = sum;
    }
  }
  return result;
}

function triangleTaps(start: number, span: number, sourceSize: number, outputSize: number): Taps {
  const step = span / outputSize;
  const reach = Math.max(step, 1);
  const first = new Int32Array(outputSize);
  const weights = Array.from({ length: outputSize }, (_, i) => {
    const centre = start + (i + 0.5) * step;
    const from = Math.min(Math.max(Math.floor(centre - reach + 0.5), 0), sourceSize - 1);
    const to = Math.max(Math.min(Math.floor(centre + reach + 0.5), sourceSize), from + 1);
    first[i] = from;
    const taps = Float64Array.from({ length: to - from }, (_tap, k) =>
      Math.max(0, 1 - Math.abs(from + k + 0.5 - centre) / reach),
    );
    const sum = taps.reduce((total, weight) => total + weight, 0);
    // A box edge exactly between two pixels can leave no weight at all: the nearest pixel then stands alone.
    return sum > 0 ? taps.map((weight) => weight / sum) : Float64Array.of(1);
  });
  return { first, weights };
}
