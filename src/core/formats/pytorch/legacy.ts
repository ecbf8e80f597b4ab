/**
 * The form before PyTorch 1.6: pickles one after the other (a magic number, the protocol, the system, the object, the
 * keys of its storages), then the storages (torch/serialization.py, "_legacy_save"). And plain pickles.
 */
import type { ByteSource } from '../../bytes/byte-source.js';
import { breather } from '../../breathe.js';
import { displayText } from '../../display-text.js';
import { problem, ProblemError } from '../../errors.js';
import type { BlockCache } from '../block-cache.js';
import { notAModel } from '../not-a-model.js';
import type { Checkpoint } from './checkpoint.js';
import { objectBudget, type UnpickleContext } from './pickle-machine.js';
import { isObject, type PickleValue, type Storage } from './pickle-values.js';
import { storages } from './storages.js';
import { unpickle, type Unpickled } from './unpickle.js';
import type { StoredBytes } from './views.js';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
/** Each storage begins with the number of its elements. */
const COUNT_BYTES = 8;

/** @throws ProblemError `not-a-model` where it is no pickle, `truncated-file`, `malformed-model`. */
export async function readPickles(source: ByteSource, cache: BlockCache, signal?: AbortSignal): Promise<Checkpoint> {
  const skipped = new Map<string, number>();
  const { byKey, persistent } = storages();
  const context: UnpickleContext = { budget: objectBudget(source.size), skipped, persistent };
  const next = (start: number): Promise<Unpickled> => unpickle(source, start, context, signal);
  const first = await firstPickle(source, next);
  const described = { metadata: [], skipped };
  const view = { pickle: source, bigEndian: false, cache };
  if (first.value !== MAGIC) {
    const pickles = [{ prefix: '', value: first.value, context: { ...view, locate: () => undefined } }];
    return { ...described, formatName: 'Python pickle', pickles };
  }
  const protocol = await next(first.end);
  if (protocol.value !== PROTOCOL) throw malformed(source, first.end, 'is of an unknown version');
  const system = await next(protocol.end);
  const object = await next(system.end);
  const keys = await next(object.end);
  const places = await placesOf(source, keys, byKey, object.end, signal);
  const locate = ({ key }: Storage): StoredBytes | undefined => places.get(key);
  return {
    ...described,
    formatName: 'PyTorch checkpoint (before 1.6)',
    pickles: [{ prefix: '', value: object.value, context: { ...view, locate } }],
  };
}

/** What does not begin as pickles do, and is none, is another file. */
async function firstPickle(source: ByteSource, next: (start: number) => Promise<Unpickled>): Promise<Unpickled> {
  const PROTO = 0x80;
  try {
    return await next(0);
  } catch (error) {
    const [opcode] = await source.read(0, 1);
    if (error instanceof ProblemError && opcode !== PROTO) throw await notAModel(source, 0);
    throw error;
  }
}

/** Where each storage lies: one after the other, in the order of their keys. */
async function placesOf(
  source: ByteSource,
  keys: Unpickled,
  byKey: ReadonlyMap<string, Storage>,
  keysStart: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, StoredBytes>> {
  const places = new Map<string, StoredBytes>();
  const pause = breather(signal);
  let at = keys.end;
  for (const key of namesOf(source, keys.value, keysStart)) {
    await pause();
    if (at + COUNT_BYTES > source.size) break;
    const storage = byKey.get(key);
    if (storage === undefined || places.has(key))
      throw malformed(source, keysStart, `lists a storage “${displayText(key)}” that it does not use, or twice`);
    const head = await source.read(at, COUNT_BYTES);
    const elements = new DataView(head.buffer, head.byteOffset, COUNT_BYTES).getBigInt64(0, true);
    if (elements !== BigInt(storage.elements))
      throw malformed(source, at, `gives a storage ${elements} elements, not ${storage.elements}`);
    const start = at + COUNT_BYTES;
    const bytes = storage.elements * storage.itemBytes;
    // A file that was cut off still holds the first of its tensors; behind elements of unknown size nothing is found.
    if (storage.itemBytes === 0) break;
    places.set(key, { source, start, bytes: Math.max(0, Math.min(bytes, source.size - start)) });
    at = start + bytes;
  }
  return places;
}

function namesOf(source: ByteSource, keys: PickleValue, at: number): readonly string[] {
  const items = isObject(keys) && keys.kind === 'list' ? keys.items : undefined;
  if (items?.every((key) => typeof key === 'string') !== true)
    throw malformed(source, at, 'does not list its storages');
  return items;
}

function malformed(source: ByteSource, at: number, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Download or save the file again.',
  });
}
