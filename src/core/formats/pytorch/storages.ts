import { dtypeOfStorage, UNTYPED } from './dtypes.js';
import { isObject, type PickleValue, type Storage } from './pickle-values.js';

/** The storages that the pickles of a file refer to, by the name under which the file holds each. */
export interface Storages {
  readonly byKey: ReadonlyMap<string, Storage>;
  /** For {@link UnpickleContext}: what a persistent id stands for (torch/serialization.py, "persistent_id"). */
  persistent(id: PickleValue): PickleValue | undefined;
}

export function storages(): Storages {
  const byKey = new Map<string, Storage>();
  return {
    byKey,
    persistent(id) {
      if (!isObject(id) || id.kind !== 'tuple') return undefined;
      const [kind, type, key, , elements, part] = id.items;
      // Old files stored the source code of a module beside its class.
      if (kind === 'module') return type;
      if (kind !== 'storage' || !isObject(type) || type.kind !== 'global' || typeof key !== 'string') return undefined;
      if (!isCount(elements)) return undefined;
      const { name, bytes } = dtypeOfStorage(type.name) ?? { ...UNTYPED, bytes: 0 };
      const known = byKey.get(key);
      const isSame = known?.dtype === name && known.elements === elements;
      const storage: Storage = isSame ? known : { kind: 'storage', key, dtype: name, elements, itemBytes: bytes };
      if (known === undefined) byKey.set(key, storage);
      return part === undefined || part === null ? storage : partOf(storage, part);
    },
  };
}

/** Before PyTorch 0.4, a storage could be a part of another: its own key, the elements before it, and how many it has. */
function partOf(storage: Storage, part: PickleValue): Storage | undefined {
  const [, before, elements] = isObject(part) && part.kind === 'tuple' ? part.items : [];
  if (!isCount(before) || !isCount(elements) || before + elements > storage.elements) return undefined;
  return { ...storage, before, elements };
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
