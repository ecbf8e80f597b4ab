/**
 * The allow-list: what a pickle may ask for and gets, as data. Each entry reads the arguments of one function of
 * PyTorch, NumPy or Python and describes what that function would make (sources: torch/_utils.py, torch/_tensor.py,
 * numpy/_core). Whatever is not here is never made.
 */
import { elementOf } from '../numpy/dtype.js';
import { denseStrides } from '../strided-values.js';
import { dtypeOfGlobal, dtypeOfStorage, UNTYPED, type TorchDtype } from './dtypes.js';
import {
  isObject,
  type NumpyArray,
  type NumpyDtype,
  type PickleBytes,
  type PickleValue,
  type TensorView,
} from './pickle-values.js';

/** What the function makes of its arguments; undefined where they are not what it takes. */
type Rebuild = (args: readonly PickleValue[]) => PickleValue | undefined;

const REBUILDS: ReadonlyMap<string, Rebuild> = new Map<string, Rebuild>([
  ['torch._utils._rebuild_tensor', ([storage, offset, size, stride]) => viewOf(storage, offset, size, stride)],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  [
    'torch._utils._rebuild_tensor_v3',
    ([storage, offset, size, stride, , , dtype]) => {
      const type = isObject(dtype) && dtype.kind === 'global' ? dtypeOfGlobal(dtype.name) : undefined;
      return type === undefined ? undefined : viewOf(storage, offset, size, stride, type);
    },
  ],
  ['torch._utils._rebuild_qtensor', ([storage, offset, size, stride]) => viewOf(storage, offset, size, stride)],
  ['torch._utils._rebuild_parameter', ([tensor]) => tensor],
  ['torch._utils._rebuild_parameter_with_state', ([tensor]) => tensor],
  [
    'torch._tensor._rebuild_from_type_v2',
    ([rebuild, , args]) =>
      isObject(rebuild) && rebuild.kind === 'global' && rebuild.name.startsWith('torch._utils._rebuild_tensor')
        ? REBUILDS.get(rebuild.name)?.(itemsOf(args) ?? [])
        : undefined,
  ],
  ['torch.Size', ([sizes]) => (itemsOf(sizes) === undefined ? undefined : sizes)],
  [
    'torch.device',
    ([type, index]) => (typeof type === 'string' ? `${type}${isSize(index) ? `:${index}` : ''}` : undefined),
  ],
  ['torch.serialization._get_layout', ([name]) => name],
  ['collections.OrderedDict', ([pairs]) => dictionaryOf(pairs)],
  ['collections.Counter', ([pairs]) => dictionaryOf(pairs)],
  // The factory is never called: nothing asks this dictionary for what it does not have.
  ['collections.defaultdict', ([, pairs]) => dictionaryOf(pairs)],
  ['builtins.dict', ([pairs]) => dictionaryOf(pairs)],
  ['builtins.set', ([items]) => collectionOf('set', items)],
  ['builtins.frozenset', ([items]) => collectionOf('set', items)],
  ['builtins.list', ([items]) => collectionOf('list', items)],
  ['builtins.tuple', ([items]) => collectionOf('tuple', items)],
  [
    'builtins.bytearray',
    ([bytes]) => (bytes === undefined ? { kind: 'bytes', data: new Uint8Array(0) } : bytesOf(bytes)),
  ],
  ['builtins.bytes', ([bytes]) => (bytes === undefined ? { kind: 'bytes', data: new Uint8Array(0) } : bytesOf(bytes))],
  // Bytes as older protocols write them: a text, one character for each.
  ['_codecs.encode', ([text, encoding]) => (isLatin1(encoding) ? bytesOf(text) : undefined)],
  ['numpy.dtype', ([code]) => numpyDtype(code)],
  ['numpy.core.multiarray._reconstruct', (): NumpyArray => ({ kind: 'numpy-array' })],
  ['numpy.core.multiarray.scalar', ([dtype, data]) => numpyScalar(dtype, data)],
  ['numpy.core.numeric._frombuffer', ([buffer, dtype, shape, order]) => arrayOf(shape, dtype, order === 'F', buffer)],
]);

/** Names by which the same things were known in other versions. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['__builtin__.', 'builtins.'],
  ['numpy._core.', 'numpy.core.'],
];

/** The name that the allow-list knows. */
export function currentName(name: string): string {
  const renamed = RENAMED.find(([old]) => name.startsWith(old));
  return renamed === undefined ? name : renamed[1] + name.slice(renamed[0].length);
}

/** Names that stand for a type where they are not called: nothing is to be said about them. */
export function isKnownName(name: string): boolean {
  return (
    REBUILDS.has(name) ||
    dtypeOfGlobal(name) !== undefined ||
    dtypeOfStorage(name) !== undefined ||
    /^(numpy\.\w+|builtins\.(int|float|str|bool|object)|torch\.(nn\.parameter\.)?(Tensor|Parameter)|torch\.\w+_format|torch\.sparse_\w+|torch\.strided)$/.test(
      name,
    )
  );
}

/** What the named function makes of its arguments, or undefined where it is not allowed or they are not what it takes. */
export function rebuild(name: string, args: readonly PickleValue[]): PickleValue | undefined {
  return REBUILDS.get(name)?.(args);
}

/**
 * What `__setstate__` gives to an object that was made, as data.
 * @returns whether the object takes such a state.
 */
export function setState(target: PickleValue, state: PickleValue): boolean {
  if (!isObject(target)) return false;
  const items = itemsOf(state);
  switch (target.kind) {
    case 'numpy-dtype':
      if (typeof items?.[1] === 'string') target.element = elementOf((items[1] === '=' ? '' : items[1]) + target.code);
      return true;
    case 'numpy-array': {
      const [, shape, dtype, isFortran, data] = items ?? [];
      target.view = arrayOf(shape, dtype, isFortran === true, data);
      return true;
    }
    case 'dict':
    case 'tensor':
      // Attributes of a dictionary (as `_metadata` of a state dict) and of tensors are not part of what they hold.
      return true;
    default:
      return false;
  }
}

function rebuildTensor(args: readonly PickleValue[]): TensorView | undefined {
  const [storage, offset, size, stride, , , flags] = args;
  const view = viewOf(storage, offset, size, stride);
  const isFlagged = isObject(flags) && flags.kind === 'dict' && flags.entries.includes(true);
  if (view === undefined || !isFlagged) return view;
  return { ...view, unreadable: 'It is stored conjugated or negated, to be turned when it is used.' };
}

function viewOf(
  storage: PickleValue | undefined,
  offset: PickleValue | undefined,
  size: PickleValue | undefined,
  stride: PickleValue | undefined,
  dtype?: TorchDtype,
): TensorView | undefined {
  const dims = sizesOf(size);
  const strides = sizesOf(stride);
  if (!isObject(storage) || storage.kind !== 'storage' || !isSize(offset)) return undefined;
  if (dims === undefined || strides?.length !== dims.length) return undefined;
  const { name, bytes, type, unreadable } = dtype ?? dtypeOfGlobal(`torch.${storage.dtype}`) ?? UNTYPED;
  return { kind: 'tensor', data: storage, dtype: name, type, itemBytes: bytes, offset, dims, strides, unreadable };
}

/** An array of NumPy over bytes of the pickle. */
function arrayOf(
  shape: PickleValue | undefined,
  dtype: PickleValue | undefined,
  columnMajor: boolean,
  data: PickleValue | undefined,
): TensorView | undefined {
  const dims = sizesOf(shape);
  if (dims === undefined || !isObject(dtype) || dtype.kind !== 'numpy-dtype') return undefined;
  const { element, code } = dtype;
  const bytes = bytesOf(data);
  return {
    kind: 'tensor',
    data: bytes ?? { kind: 'bytes', data: new Uint8Array(0) },
    dtype: element.type ?? code,
    type: element.type,
    itemBytes: element.bytes ?? 1,
    offset: 0,
    dims,
    strides: denseStrides(dims, columnMajor ? 'first' : 'last'),
    bigEndian: element.bigEndian,
    unreadable: bytes === undefined ? 'It holds Python objects, which are never unpickled.' : element.unreadable,
  };
}

function numpyDtype(code: PickleValue | undefined): NumpyDtype | undefined {
  if (typeof code !== 'string') return undefined;
  return { kind: 'numpy-dtype', code, element: elementOf(code) };
}

function numpyScalar(dtype: PickleValue | undefined, data: PickleValue | undefined): PickleValue | undefined {
  const bytes = bytesOf(data);
  if (!isObject(dtype) || dtype.kind !== 'numpy-dtype' || bytes === undefined || !('data' in bytes)) return undefined;
  return { kind: 'numpy-scalar', element: dtype.element, data: bytes.data };
}

/** Bytes as any protocol writes them. */
function bytesOf(value: PickleValue | undefined): PickleBytes | undefined {
  if (typeof value === 'string')
    return { kind: 'bytes', data: Uint8Array.from({ length: value.length }, (_, at) => value.charCodeAt(at)) };
  if (!isObject(value)) return undefined;
  if (value.kind === 'bytes') return value;
  if (value.kind !== 'long-text') return undefined;
  return { kind: 'bytes', start: value.start, length: value.bytes, isText: !value.isRaw };
}

function isLatin1(encoding: PickleValue | undefined): boolean {
  return encoding === 'latin1' || encoding === 'latin-1' || encoding === 'iso-8859-1';
}

/** A dictionary from nothing, from another one, or from a list of pairs. */
function dictionaryOf(pairs: PickleValue | undefined): PickleValue | undefined {
  if (pairs === undefined) return { kind: 'dict', entries: [] };
  if (isObject(pairs) && pairs.kind === 'dict') return { kind: 'dict', entries: [...pairs.entries] };
  const items = itemsOf(pairs);
  if (items === undefined) return undefined;
  const entries: PickleValue[] = [];
  for (const pair of items) {
    const [key, value, ...more] = itemsOf(pair) ?? [];
    if (key === undefined || value === undefined || more.length > 0) return undefined;
    entries.push(key, value);
  }
  return { kind: 'dict', entries };
}

function collectionOf(kind: 'list' | 'tuple' | 'set', items: PickleValue | undefined): PickleValue | undefined {
  if (items === undefined) return { kind, items: [] };
  const known = itemsOf(items);
  return known === undefined ? undefined : { kind, items: [...known] };
}

function itemsOf(value: PickleValue | undefined): readonly PickleValue[] | undefined {
  return isObject(value) && 'items' in value ? value.items : undefined;
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** PyTorch and NumPy allow no more. */
const MAXIMUM_AXES = 64;

function sizesOf(value: PickleValue | undefined): readonly number[] | undefined {
  const items = itemsOf(value);
  return items !== undefined && items.length <= MAXIMUM_AXES && items.every(isSize) ? (items as number[]) : undefined;
}
