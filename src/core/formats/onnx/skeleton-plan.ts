import type { WireReader } from './wire.js';

/**
 * Payloads from this size on become references. Shapes, axes and other small constants stay inside, where the engines'
 * shape inference reads them.
 */
export const LARGE_PAYLOAD_BYTES = 4096;

/** Bytes `[start, end)` of the file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What a message of the skeleton will consist of. Sizes are known before anything is copied or allocated. */
export interface SkeletonPlan {
  /** Bytes that the message takes. */
  readonly size: number;
  readonly pieces: readonly (Range | Uint8Array)[];
  /** Bytes of the file as they are. */
  copy(start: number, end: number): void;
  /** New bytes. */
  bytes(bytes: Uint8Array): void;
  append(plan: SkeletonPlan): void;
  write(reader: WireReader): Promise<Uint8Array>;
}

export function skeletonPlan(): SkeletonPlan {
  const pieces: (Range | Uint8Array)[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    pieces,
    copy(start, end) {
      size += end - start;
      const last = pieces.at(-1);
      // Neighbours become one piece: a graph of small nodes is a handful of copies.
      if (last !== undefined && !(last instanceof Uint8Array) && last.end === start) {
        pieces[pieces.length - 1] = { start: last.start, end };
      } else {
        pieces.push({ start, end });
      }
    },
    bytes(bytes) {
      size += bytes.length;
      pieces.push(bytes);
    },
    append(plan) {
      size += plan.size;
      for (const piece of plan.pieces) pieces.push(piece);
    },
    async write(reader) {
      const target = new Uint8Array(size);
      let offset = 0;
      for (const piece of pieces) {
        if (piece instanceof Uint8Array) {
          target.set(piece, offset);
          offset += piece.length;
        } else {
          await reader.copy(piece.start, piece.end, target, offset);
          offset += piece.end - piece.start;
        }
      }
      return target;
    },
  };
}
