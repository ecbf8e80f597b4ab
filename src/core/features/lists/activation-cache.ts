/**
 * All activations that are not zero, in the layout of Delphi’s latent cache (formats 2.7; github.com/EleutherAI/delphi,
 * delphi/latents/cache.py `save_splits` and loader.py `TensorBuffer`): a folder for each value, in it
 * `<first>_<last>.safetensors` for each range of features, with
 *
 *     locations    uint16 or uint32 [n, 3]: row of tokens, position, feature − first; in the order of rows, positions, features
 *     activations  float16 [n], those of size above 1e-5
 *     tokens       int64 [rows, positions], the ids that were run; left out where inputs are no token ids
 *
 * and `config.json`. Streamed: a buffer for each range is in memory, never tokens × features.
 */
import { encodeHalf } from '../../tensor/half.js';
import { safetensorsHeader } from '../../formats/safetensors/safetensors.js';

/** Delphi’s threshold: sizes up to it count as zero. */
export const SMALLEST_ACTIVATION = 1e-5;
export const DEFAULT_SPLITS = 5;
/** The largest float16. */
const LARGEST_HALF = 65_504;
const BUFFERED = 2 ** 16;

/** A file that grows at its end, to be put together with others. */
export interface GrowingFile {
  append(bytes: Uint8Array): Promise<void>;
}

export interface CacheFolder {
  growing(name: string): Promise<GrowingFile>;
  /** A file of a header and the whole of some that grew. */
  join(name: string, header: Uint8Array, parts: readonly GrowingFile[]): Promise<void>;
}

export interface CacheShape {
  /** Rows of tokens, and positions of each. */
  readonly rows: number;
  readonly positions: number;
  readonly features: number;
  readonly splits?: number;
  /** Only these features. */
  readonly only?: ReadonlySet<number>;
}

export interface CacheWriter {
  /** Ids of one row, in the order of the rows: all rows or none. */
  tokens(ids: BigInt64Array): Promise<void>;
  /** @param activations row-major [tokens, features] of positions from the first one on; rows in their order. */
  add(row: number, firstPosition: number, activations: Float32Array): Promise<void>;
  finish(): Promise<CacheSummary>;
}

export interface CacheSummary {
  readonly activations: number;
  readonly files: readonly string[];
  /** Activations beyond what a float16 holds: infinite in the file. */
  readonly beyondHalf: number;
}

/** Ends of the ranges as torch’s `linspace(0, features, splits + 1).long()` has them; empty ranges are left out. */
export function splitRanges(features: number, splits: number): readonly (readonly [first: number, end: number])[] {
  const ends = Array.from({ length: splits + 1 }, (_, at) => Math.floor((at * features) / splits));
  return ends.slice(1).flatMap((end, at) => {
    const first = ends[at] as number;
    return end > first ? [[first, end] as const] : [];
  });
}

interface Split {
  readonly name: string;
  readonly first: number;
  readonly end: number;
  readonly isWide: boolean;
  readonly locations: GrowingFile;
  readonly activations: GrowingFile;
  readonly places: Uint16Array | Uint32Array;
  readonly halves: Uint16Array;
  buffered: number;
  count: number;
}

/** @throws what the folder does. */
export async function openCache(folder: CacheFolder, shape: CacheShape): Promise<CacheWriter> {
  const { rows, positions, features, only, splits: wanted = DEFAULT_SPLITS } = shape;
  const ids = await folder.growing('tokens');
  const splits: Split[] = [];
  for (const [first, end] of splitRanges(features, wanted)) {
    const name = `${first}_${end - 1}`;
    // By what may come, where Delphi looks at what came: known before the first one is written.
    const isWide = Math.max(rows, positions, end - first) > 2 ** 16;
    splits.push({
      name,
      first,
      end,
      isWide,
      locations: await folder.growing(`${name}.locations`),
      activations: await folder.growing(`${name}.activations`),
      places: isWide ? new Uint32Array(3 * BUFFERED) : new Uint16Array(3 * BUFFERED),
      halves: new Uint16Array(BUFFERED),
      buffered: 0,
      count: 0,
    });
  }
  let withTokens = 0;
  let beyondHalf = 0;

  return {
    async tokens(row) {
      withTokens++;
      await ids.append(bytesOf(row));
    },
    async add(row, firstPosition, activations) {
      const count = activations.length / features;
      for (let token = 0; token < count; token++) {
        for (const split of splits) {
          for (let feature = split.first; feature < split.end; feature++) {
            const value = activations[token * features + feature] as number;
            if (!(Math.abs(value) > SMALLEST_ACTIVATION) || only?.has(feature) === false) continue;
            if (Math.abs(value) > LARGEST_HALF) beyondHalf++;
            if (split.buffered === BUFFERED) await flush(split);
            const at = split.buffered++;
            split.places[3 * at] = row;
            split.places[3 * at + 1] = firstPosition + token;
            split.places[3 * at + 2] = feature - split.first;
            split.halves[at] = encodeHalf(value);
          }
        }
      }
    },
    async finish() {
      const files: string[] = [];
      for (const split of splits) {
        await flush(split);
        const { name, isWide, count, locations, activations } = split;
        const header = safetensorsHeader([
          ...(withTokens > 0
            ? [{ name: 'tokens', dtype: 'I64', shape: [withTokens, positions], bytes: 8 } as const]
            : []),
          { name: 'locations', dtype: isWide ? 'U32' : 'U16', shape: [count, 3], bytes: isWide ? 4 : 2 },
          { name: 'activations', dtype: 'F16', shape: [count], bytes: 2 },
        ]);
        const file = `${name}.safetensors`;
        await folder.join(file, header, [...(withTokens > 0 ? [ids] : []), locations, activations]);
        files.push(file);
      }
      return { activations: splits.reduce((sum, { count }) => sum + count, 0), files, beyondHalf };
    },
  };
}

async function flush(split: Split): Promise<void> {
  const { buffered, places, halves } = split;
  await split.locations.append(bytesOf(places.subarray(0, 3 * buffered)));
  await split.activations.append(bytesOf(halves.subarray(0, buffered)));
  split.count += buffered;
  split.buffered = 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
