/** What a counting thread is asked and what it answers. */

/** Values that lie in a file one after the other. */
export interface CountQuestion {
  readonly path: string;
  /** Byte of the first value. */
  readonly offset: number;
  /** Fewer than 2³². */
  readonly values: number;
  readonly bytesPerValue: 1 | 2;
}

/** How often each bit pattern occurs; undefined where the file could not be read so. */
export type CountAnswer = Uint32Array<ArrayBuffer> | undefined;
