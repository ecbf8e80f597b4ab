import { convertIndexedToRgb, decode as decodePng, type DecodedPng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { problem } from '../errors.js';
import { checkedPng } from './png-chunks.js';

/**
 * A decoded picture: rows from the top, channels interleaved, values 0…255 (a 16-bit picture keeps its fractions).
 * Transparent pixels lie on white. Colour profiles and the EXIF orientation are ignored: a picture is taken as its
 * pixels are stored, as the usual training pipelines do.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array | Float32Array;
}

/** Pictures of more pixels than this are skipped. */
const MAXIMUM_PIXELS = 64e6;
/** Picture files of more bytes than this are skipped. */
export const MAXIMUM_FILE_BYTES = 128e6;
const JPEG_MEMORY_MEGABYTES = 1024;

export type PictureType = 'image/png' | 'image/jpeg';

/** By the first bytes; the file's name plays no part. */
export function pictureType(bytes: Uint8Array): PictureType | undefined {
  const startsWith = (signature: readonly number[]): boolean => signature.every((byte, i) => bytes[i] === byte);
  if (startsWith([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'image/png';
  if (startsWith([0xff, 0xd8, 0xff])) return 'image/jpeg';
  return undefined;
}

/** Whether a file's name says that it is a picture we read. */
export function isPictureName(name: string): boolean {
  return /\.(png|jpe?g)$/i.test(name);
}

/** @throws ProblemError `invalid-inputs`: neither PNG nor JPEG, broken, or too large. */
export function decodeImage(bytes: Uint8Array): Picture {
  const type = pictureType(bytes);
  if (type === undefined) throw undecodable(bytes.length === 0 ? 'the file is empty' : 'it is neither PNG nor JPEG');
  try {
    return type === 'image/png' ? fromPng(bytes) : fromJpeg(bytes);
  } catch (error) {
    throw undecodable(error instanceof Error ? error.message : String(error));
  }
}

function undecodable(reason: string): Error {
  return problem('invalid-inputs', `The picture could not be decoded: ${reason}.`, {
    remedy: 'Save it again as PNG or JPEG.',
  });
}

function fromJpeg(bytes: Uint8Array): Picture {
  const { width, height, data } = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    // A half-arrived picture would otherwise be completed with grey.
    tolerantDecoding: false,
    maxResolutionInMP: MAXIMUM_PIXELS / 1e6,
    maxMemoryUsageInMB: JPEG_MEMORY_MEGABYTES,
  });
  return { width, height, channels: 3, data };
}

function fromPng(bytes: Uint8Array): Picture {
  const png = decodePng(checkedPng(bytes, MAXIMUM_PIXELS), { checkCrc: true });
  const { width, height } = png;
  const { samples, channels, maximum } = expandedSamples(png);
  const colours = channels < 3 ? 1 : 3;
  const hasAlpha = channels === 2 || channels === 4;
  const key = png.palette === undefined && png.transparency?.length === colours ? png.transparency : undefined;
  const scale = 255 / maximum;
  const data =
    maximum === 255 && !hasAlpha
      ? new Uint8Array(width * height * colours)
      : new Float32Array(width * height * colours);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * channels;
    let alpha = hasAlpha ? (samples[from + colours] ?? 0) / maximum : 1;
    if (key?.every((value, c) => samples[from + c] === value)) alpha = 0;
    for (let c = 0; c < colours; c++) {
      data[pixel * colours + c] = (samples[from + c] ?? 0) * scale * alpha + 255 * (1 - alpha);
    }
  }
  return { width, height, channels: colours, data };
}

interface Samples {
  readonly samples: Uint8Array | Uint8ClampedArray | Uint16Array;
  /** 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha. */
  readonly channels: number;
  /** The value of white. */
  readonly maximum: number;
}

/** One array element per sample: palettes looked up, packed bits apart. */
function expandedSamples(png: DecodedPng): Samples {
  if (png.palette !== undefined && png.channels === 1) {
    return { samples: convertIndexedToRgb(png), channels: png.palette[0]?.length ?? 3, maximum: 255 };
  }
  if (png.depth === 16) return { samples: png.data, channels: png.channels, maximum: 65535 };
  if (png.depth === 8) return { samples: png.data, channels: png.channels, maximum: 255 };
  const { width, height, depth } = png;
  const rowBytes = Math.ceil((width * depth) / 8);
  const maximum = 2 ** depth - 1;
  const samples = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = png.data[y * rowBytes + (bit >> 3)] ?? 0;
      samples[y * width + x] = (byte >> (8 - depth - (bit & 7))) & maximum;
    }
  }
  return { samples, channels: 1, maximum };
}
