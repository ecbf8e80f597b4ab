import { encode as encodePng } from 'fast-png';
import { PREVIEWED_TOKENS, type ExamplePreview } from './dataset.js';
import { decodeImage, pictureType, type Picture } from './decode-image.js';
import { ProblemError } from '../errors.js';
import { resample } from './resample.js';
import { numbers, type Row } from './rows.js';
import type { TokenText } from './token-text.js';

/** Values of an array that a preview shows. */
const SHOWN_VALUES = 4096;
/** Picture files up to this size are shown as they are. */
const SHOWN_FILE_BYTES = 256 * 1024;
const THUMBNAIL_PIXELS = 256;

export function arrayPreview(name: string, row: Row): ExamplePreview {
  const values = numbers(row, 0, Math.min(row.data.length, SHOWN_VALUES));
  return { kind: 'array', name, dims: row.dims, values: [...values] };
}

export function tokenPreview(name: string, row: Row, text: TokenText): ExamplePreview {
  const ids = [...numbers(row, 0, Math.min(row.data.length, PREVIEWED_TOKENS))];
  return { kind: 'tokens', name, tokens: ids.map((id) => text.textOf(id)), ids };
}

/**
 * The file itself where it is small, otherwise a PNG of at most 256 pixels on the longer side; no bytes at all where the
 * picture cannot be decoded.
 */
export function imagePreview(name: string, bytes: Uint8Array): ExamplePreview {
  const picture = decodedOrNothing(bytes);
  if (picture === undefined) {
    return { kind: 'image', name, mime: 'image/png', bytes: new Uint8Array(0), width: 0, height: 0 };
  }
  const mime = pictureType(bytes);
  if (mime !== undefined && bytes.length <= SHOWN_FILE_BYTES) {
    // A copy: the page's channel ships a view's whole buffer.
    return { kind: 'image', name, mime, bytes: bytes.slice(), width: picture.width, height: picture.height };
  }
  const thumbnail = shrunk(picture);
  return { kind: 'image', name, mime: 'image/png', ...thumbnail };
}

function decodedOrNothing(bytes: Uint8Array): Picture | undefined {
  try {
    return decodeImage(bytes);
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

function shrunk(picture: Picture): { bytes: Uint8Array; width: number; height: number } {
  const scale = Math.min(1, THUMBNAIL_PIXELS / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  const data = Uint8ClampedArray.from(resample(picture, whole, width, height));
  return { bytes: encodePng({ width, height, data, channels: picture.channels, depth: 8 }), width, height };
}
