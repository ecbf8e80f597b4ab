import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { decodeImage, type Picture } from '../../../src/core/dataset/decode-image.js';
import { imageValues, type Preparation } from '../../../src/core/dataset/image-values.js';
import { resample } from '../../../src/core/dataset/resample.js';

const asIs: Preparation = { resize: 'stretch', channels: 'rgb', layout: 'nchw', scale: 1, mean: [0], std: [1] };

function gray(width: number, height: number, data: number[]): Picture {
  return { width, height, channels: 1, data: Uint8Array.from(data) };
}

function whole({ width, height }: Picture): { left: number; top: number; width: number; height: number } {
  return { left: 0, top: 0, width, height };
}

function close(actual: ArrayLike<number>, wanted: number[], digits = 4): void {
  expect(actual.length).toBe(wanted.length);
  wanted.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, digits));
}

describe('resampling', () => {
  it('leaves a picture of the right size untouched', () => {
    const picture = gray(3, 2, [1, 2, 3, 4, 5, 6]);
    close(resample(picture, whole(picture), 3, 2), [1, 2, 3, 4, 5, 6]);
  });

  it('interpolates between pixel centres when it enlarges, and holds the border', () => {
    // Output centres at source positions −0.25, 0.25, 0.75, 1.25 between the centres 0 and 1 of two pixels.
    const picture = gray(2, 1, [0, 100]);
    close(resample(picture, whole(picture), 4, 1), [0, 25, 75, 100]);
  });

  it('weighs source pixels by a triangle of twice the shrinking factor', () => {
    // 4 → 2: centres 1 and 3 (edges of pixels), reach 2. Pixel centres .5, 1.5, 2.5 have distances .5, .5, 1.5 from 1:
    // weights .75, .75, .25 of a sum 1.75.
    const picture = gray(4, 1, [0, 40, 80, 240]);
    const first = (0 * 0.75 + 40 * 0.75 + 80 * 0.25) / 1.75;
    const second = (40 * 0.25 + 80 * 0.75 + 240 * 0.75) / 1.75;
    close(resample(picture, whole(picture), 2, 1), [first, second]);
  });

  it('keeps the value of a constant picture at every size', () => {
    const picture = gray(7, 5, new Array<number>(35).fill(130));
    for (const [width, height] of [
      [1, 1],
      [3, 9],
      [64, 2],
      [7, 5],
    ] as const) {
      for (const value of resample(picture, whole(picture), width, height)) expect(value).toBeCloseTo(130, 3);
    }
  });

  it('treats both axes alike: a transposed picture gives the transposed result', () => {
    const picture = gray(3, 2, [10, 200, 30, 90, 0, 255]);
    const transposed = gray(2, 3, [10, 90, 200, 0, 30, 255]);
    const a = resample(picture, whole(picture), 2, 5); // [5, 2]
    const b = resample(transposed, whole(transposed), 5, 2); // [2, 5]
    for (let y = 0; y < 5; y++) for (let x = 0; x < 2; x++) expect(a[y * 2 + x]).toBeCloseTo(b[x * 5 + y] as number, 3);
  });
});

describe('preparing a picture', () => {
  const colour: Picture = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 51, 102, 153, 204) };

  it('computes (pixel · scale − mean) / std per channel, channels first', () => {
    const values = imageValues(colour, { ...asIs, scale: 1 / 255, mean: [0.5, 0, 0.2], std: [0.5, 1, 0.1] }, 1, 2);
    // red 1, .4 → (1−.5)/.5, (.4−.5)/.5; green 0, .6; blue .2, .8 → 0, 6
    close(values, [1, -0.2, 0, 0.6, 0, 6]);
  });

  it('orders channels last and blue first when asked', () => {
    close(imageValues(colour, { ...asIs, channels: 'bgr', layout: 'nhwc' }, 1, 2), [51, 0, 255, 204, 153, 102]);
  });

  it('turns colours into gray by BT.601 and gray into equal colours', () => {
    close(imageValues(colour, { ...asIs, channels: 'gray' }, 1, 2), [
      0.299 * 255 + 0.114 * 51,
      0.299 * 102 + 0.587 * 153 + 0.114 * 204,
    ]);
    close(imageValues(gray(1, 1, [9]), asIs, 1, 1), [9, 9, 9]);
  });

  it('crops the largest centred part of the input’s proportions', () => {
    const picture = gray(4, 2, [1, 2, 3, 4, 5, 6, 7, 8]);
    close(imageValues(picture, { ...asIs, resize: 'crop', channels: 'gray' }, 2, 2), [2, 3, 6, 7]);
  });

  it('pads with black so that the whole picture is seen', () => {
    const picture = gray(4, 2, [1, 2, 3, 4, 5, 6, 7, 8]);
    close(
      imageValues(picture, { ...asIs, resize: 'pad', channels: 'gray' }, 4, 4),
      [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0],
    );
  });
});

describe('decoding', () => {
  it('reads gray, 16-bit and colour PNG on the scale 0 to 255', () => {
    const eight = decodeImage(encodePng({ width: 2, height: 1, channels: 1, depth: 8, data: Uint8Array.of(7, 255) }));
    expect(eight).toMatchObject({ width: 2, height: 1, channels: 1 });
    expect([...eight.data]).toEqual([7, 255]);
    const sixteen = decodeImage(
      encodePng({ width: 3, height: 1, channels: 1, depth: 16, data: Uint16Array.of(0, 257, 65535) }),
    );
    close(sixteen.data, [0, 1, 255]);
    const colour = decodeImage(encodePng({ width: 1, height: 1, channels: 3, depth: 8, data: Uint8Array.of(1, 2, 3) }));
    expect([colour.channels, ...colour.data]).toEqual([3, 1, 2, 3]);
  });

  it('lays transparent pixels on white', () => {
    const data = Uint8Array.of(100, 0, 0, 0, 100, 0, 0, 255, 100, 0, 0, 51);
    const picture = decodeImage(encodePng({ width: 3, height: 1, channels: 4, depth: 8, data }));
    // 51/255 = 0.2: 100 · 0.2 + 255 · 0.8 and 255 · 0.8
    close(picture.data, [255, 255, 255, 100, 0, 0, 224, 204, 204]);
  });

  it('looks palette colours up, and unpacks gray of few bits', () => {
    // Hand-made files: 1 × 3 pixels; filter byte 0, then the packed samples. The zlib stream is one stored block.
    const palette = png(
      3,
      1,
      2,
      3,
      [0, 0b00_01_10_00],
      [
        ['PLTE', [1, 2, 3, 40, 50, 60, 255, 0, 128]],
        ['tRNS', [255, 0]],
      ],
    );
    // Entry 1 is fully transparent, so white.
    close(decodeImage(palette).data, [1, 2, 3, 255, 255, 255, 255, 0, 128]);
    const bits = png(3, 1, 1, 0, [0, 0b101_00000], []);
    close(decodeImage(bits).data, [255, 0, 255]);
  });

  it('reads JPEG, gray colours staying gray', () => {
    const data = new Uint8Array(16 * 16 * 4).fill(128);
    const { data: jpeg } = encodeJpeg({ width: 16, height: 16, data }, 95);
    const picture = decodeImage(new Uint8Array(jpeg));
    expect(picture).toMatchObject({ width: 16, height: 16, channels: 3 });
    for (const value of picture.data) expect(Math.abs(value - 128)).toBeLessThanOrEqual(2);
  });

  const good = encodePng({ width: 8, height: 8, channels: 3, depth: 8, data: new Uint8Array(192).fill(9) });
  const flipped = good.slice();
  flipped[60] = (flipped[60] ?? 0) ^ 0xff;
  const noise = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i * 7919) % 251);
  const jpeg = new Uint8Array(encodeJpeg({ width: 64, height: 64, data: noise }, 90).data);
  const huge = png(60000, 60000, 8, 2, [0], []);
  // Three bytes of pixels are announced; two megabytes of zeros come.
  const bomb = png(1, 1, 8, 2, new Array<number>(2_000_000).fill(0), []);
  it.each([
    ['an empty file', new Uint8Array(0), 'empty'],
    ['text', new TextEncoder().encode('not a picture'), 'neither PNG nor JPEG'],
    ['half a PNG', good.slice(0, good.length >> 1), 'cut short'],
    ['a PNG with a flipped byte', flipped, 'decoded'],
    ['a JPEG that ends in the middle', jpeg.slice(0, jpeg.length >> 1), 'decoded'],
    ['a JPEG of three bytes', Uint8Array.of(0xff, 0xd8, 0xff), 'decoded'],
    ['a PNG of 3.6 billion pixels', huge, '60000 × 60000'],
    ['a PNG that inflates to more than its pixels', bomb, 'inflates to more'],
  ])('refuses %s with the reason', (_name, bytes, reason) => {
    expect(() => decodeImage(bytes)).toThrow(reason);
  });
});

/** A PNG from raw (filtered) rows, its zlib data in stored blocks. */
function png(
  width: number,
  height: number,
  depth: number,
  colourType: number,
  raw: number[],
  extra: [string, number[]][],
): Uint8Array {
  const header = [...word(width), ...word(height), depth, colourType, 0, 0, 0];
  const chunks: [string, number[]][] = [['IHDR', header], ...extra, ['IDAT', stored(raw)], ['IEND', []]];
  const bytes = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  for (const [type, data] of chunks) {
    const body = [...new TextEncoder().encode(type), ...data];
    bytes.push(...word(data.length));
    for (const byte of body) bytes.push(byte);
    bytes.push(...word(crc32(body)));
  }
  return Uint8Array.from(bytes);
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function stored(raw: number[]): number[] {
  const out = [0x78, 0x01];
  for (let start = 0; start < raw.length; start += 65535) {
    const block = raw.slice(start, start + 65535);
    const size = block.length;
    out.push(start + 65535 >= raw.length ? 1 : 0, size & 255, size >> 8, ~size & 255, (~size >> 8) & 255);
    for (const byte of block) out.push(byte);
  }
  let [a, b] = [1, 0];
  for (const byte of raw) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return [...out, ...word(((b << 16) | a) >>> 0)];
}

function crc32(bytes: number[]): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
