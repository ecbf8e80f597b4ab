/** Which of HDF5's types hold numbers that can be shown. */
import type { StoredType } from '../../core/tensor/stored-type.js';

/** A type as the library describes it (H5Tpublic.h, H5T_class_t). */
export interface Hdf5Type {
  readonly type: number;
  readonly size: number;
  readonly signed: boolean;
  readonly vlen: boolean;
  readonly cset?: number;
  readonly enum_type?: { readonly members: Readonly<Record<string, number>> };
  readonly compound_type?: { readonly members: readonly { readonly name: string }[] };
}

export interface KnownType {
  /** As NumPy spells it, or in a word. */
  readonly dtype: string;
  readonly type?: StoredType;
  readonly unreadable?: string;
}

export const TEXT_CLASS = 3;
export const INTEGER_CLASS = 0;
export const FLOAT_CLASS = 1;
const OPAQUE_CLASS = 5;
const COMPOUND_CLASS = 6;
const ENUM_CLASS = 8;

const FLOATS: Readonly<Record<number, StoredType>> = { 2: 'float16', 4: 'float32', 8: 'float64' };
const SIGNED: Readonly<Record<number, StoredType>> = { 1: 'int8', 2: 'int16', 4: 'int32', 8: 'int64' };
const UNSIGNED: Readonly<Record<number, StoredType>> = { 1: 'uint8', 2: 'uint16', 4: 'uint32', 8: 'uint64' };

const OTHER_CLASSES: Readonly<Record<number, string>> = {
  2: 'time',
  [TEXT_CLASS]: 'text',
  4: 'bit field',
  [OPAQUE_CLASS]: 'opaque',
  [COMPOUND_CLASS]: 'compound',
  7: 'reference',
  9: 'lists',
  10: 'arrays',
  11: 'complex',
};

/** @param stated what an attribute `dtype` of the dataset says: Keras stores bfloat16 as 16 bits that mean nothing to HDF5. */
export function knownType(found: Hdf5Type, stated?: string): KnownType {
  if (stated === 'bfloat16' && found.size === 2 && [INTEGER_CLASS, OPAQUE_CLASS].includes(found.type))
    return { dtype: 'bfloat16', type: 'bfloat16' };
  switch (found.type) {
    case INTEGER_CLASS:
      return numbers((found.signed ? SIGNED : UNSIGNED)[found.size], `integers of ${found.size} bytes`);
    case FLOAT_CLASS:
      return numbers(FLOATS[found.size], `floating-point numbers of ${found.size} bytes`);
    case ENUM_CLASS:
      if (isBoolean(found)) return { dtype: 'bool', type: 'bool' };
      return numbers((found.signed ? SIGNED : UNSIGNED)[found.size], `names of ${found.size} bytes`);
    case COMPOUND_CLASS:
      if (isComplex(found)) return unreadable('complex', 'Complex numbers are not shown.');
  }
  const dtype = OTHER_CLASSES[found.type] ?? `class ${found.type}`;
  return unreadable(dtype, `It holds no plain numbers (HDF5 type: ${dtype}).`);
}

function numbers(type: StoredType | undefined, what: string): KnownType {
  return type === undefined ? unreadable(what, `This version cannot read ${what}.`) : { dtype: type, type };
}

function unreadable(dtype: string, why: string): KnownType {
  return { dtype, unreadable: why };
}

/** h5py stores truth values as an enumeration. */
function isBoolean({ size, enum_type }: Hdf5Type): boolean {
  const members = enum_type?.members ?? {};
  return size === 1 && Object.keys(members).length === 2 && members['FALSE'] === 0 && members['TRUE'] === 1;
}

/** h5py stores complex numbers as pairs. */
function isComplex({ compound_type }: Hdf5Type): boolean {
  const names = compound_type?.members.map(({ name }) => name) ?? [];
  return names.length === 2 && names[0] === 'r' && names[1] === 'i';
}
