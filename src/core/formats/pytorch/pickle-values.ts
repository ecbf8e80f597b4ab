/** What a pickle can become here: plain data, descriptions of tensors, and names of what was not made. */
import type { StoredType } from '../../tensor/stored-type.js';
import type { NumpyElement } from '../numpy/dtype.js';

export type PickleValue = null | boolean | number | bigint | string | PickleObject;

export type PickleObject =
  | LongText
  | PickleBytes
  | Sequence
  | Dictionary
  | GlobalName
  | Storage
  | TensorView
  | NumpyArray
  | NumpyDtype
  | NumpyScalar
  | Opaque;

/** A text too long to be held: how it begins, and where it lies. */
export interface LongText {
  readonly kind: 'long-text';
  readonly beginning: string;
  readonly start: number;
  readonly bytes: number;
  /** Bytes as they are, not UTF-8: a string of Python 2. */
  readonly isRaw: boolean;
}

/** Bytes of the pickle: short ones themselves, long ones as the range where they lie. */
export type PickleBytes =
  | { readonly kind: 'bytes'; readonly data: Uint8Array }
  /** @property isText the range is a text in UTF-8, whose characters are the bytes. */
  | { readonly kind: 'bytes'; readonly start: number; readonly length: number; readonly isText: boolean };

export interface Sequence {
  readonly kind: 'list' | 'tuple' | 'set';
  readonly items: PickleValue[];
}

/** Keys and values in turn, in the order in which they were set. */
export interface Dictionary {
  readonly kind: 'dict';
  readonly entries: PickleValue[];
}

/** The dotted name of a class or function, which is never imported. */
export interface GlobalName {
  readonly kind: 'global';
  readonly name: string;
}

/** Elements outside of the pickle, by key. */
export interface Storage {
  readonly kind: 'storage';
  readonly key: string;
  /** The element's type as PyTorch spells it; "bytes" where tensors bring their own. */
  readonly dtype: string;
  readonly elements: number;
  readonly itemBytes: number;
  /** Where it is a part of another one, which has the key: the elements before it. */
  readonly before?: number;
}

/** Elements of a storage, or of bytes in the pickle, seen as a tensor. */
export interface TensorView {
  readonly kind: 'tensor';
  readonly data: Storage | PickleBytes;
  readonly dtype: string;
  /** Absent where there are no numbers to read. */
  readonly type?: StoredType;
  readonly itemBytes: number;
  /** Elements before the first one. */
  readonly offset: number;
  readonly dims: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  readonly bigEndian?: boolean;
  /** Why there are no numbers, one sentence. */
  readonly unreadable?: string;
}

/** An array of NumPy, which a pickle first makes and then fills. */
export interface NumpyArray {
  readonly kind: 'numpy-array';
  view?: TensorView;
}

export interface NumpyDtype {
  readonly kind: 'numpy-dtype';
  element: NumpyElement;
  readonly code: string;
}

export interface NumpyScalar {
  readonly kind: 'numpy-scalar';
  readonly element: NumpyElement;
  readonly data: Uint8Array;
}

/** An object that was not made: its class or function, and the data that it would have been made of. */
export interface Opaque {
  readonly kind: 'opaque';
  readonly name: string;
  readonly parts: PickleValue[];
}

export function isObject(value: PickleValue | undefined): value is PickleObject {
  return typeof value === 'object' && value !== null;
}
