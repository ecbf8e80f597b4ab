/** What the thread with the HDF5 library is asked, what it answers, and how it gets the bytes of a file. */
import type { StoredType } from '../../core/tensor/stored-type.js';

/** The file that a question is about; one file is open at a time. */
export interface Hdf5File {
  /** Tells it from every other file that the thread was asked about. */
  readonly id: number;
  readonly size: number;
}

export type Hdf5Question =
  | { readonly about: 'contents'; readonly file: Hdf5File }
  /** Elements `[start, start + count)` of a dataset in row-major order. */
  | {
      readonly about: 'values';
      readonly file: Hdf5File;
      readonly path: string;
      readonly dims: readonly number[];
      readonly elementBytes: number;
      readonly start: number;
      readonly count: number;
    };

export interface Hdf5Dataset {
  /** From the root, joined by "/". */
  readonly path: string;
  readonly dims: readonly number[];
  /** "float32", "text": see types.ts. */
  readonly dtype: string;
  readonly elementBytes: number;
  /** Elements of a chunk in each dimension, where it is stored in chunks. */
  readonly chunk?: readonly number[];
  /** Absent where the values are no numbers to show; `unreadable` then says why. */
  readonly type?: StoredType;
  readonly unreadable?: string;
}

/** An object that is not listed as a dataset although it might hold some. */
export interface Hdf5Skipped {
  readonly path: string;
  /** Continues “The object “x” …”. */
  readonly why: string;
}

export interface Hdf5Contents {
  readonly datasets: readonly Hdf5Dataset[];
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
  readonly skipped: readonly Hdf5Skipped[];
  /** The library's reason where a part of the file is damaged, and the rest is listed. */
  readonly damage?: string;
}

export type Hdf5Answer = { readonly contents: Hdf5Contents } | { readonly bytes: Uint8Array };

/** What the thread says. While a read is served it sleeps. */
export type Hdf5Said =
  /** Once, before it is asked anything. */
  | { readonly said: 'ready' }
  | { readonly said: 'answer'; readonly answer: Hdf5Answer }
  /** `lost`: the library is in no state to be asked again. */
  | { readonly said: 'failure'; readonly reason: string; readonly lost: boolean }
  | { readonly said: 'read'; readonly offset: number; readonly length: number };

/** Given to the thread when it starts. */
export interface Hdf5ThreadData {
  readonly channel: SharedArrayBuffer;
}

/** The library reads at once or not at all, our files only later: the thread sleeps on the first word meanwhile. */
export const READ_WAITS = 0;
export const READ_DONE = 1;
export const READ_FAILED = 2;
/** Behind the word, where the bytes come. */
export const CHANNEL_HEAD_BYTES = 8;
/** One read gives as much at most. */
export const CHANNEL_BYTES = 1024 * 1024;
