/**
 * Results of earlier runs on disk: one safetensors file per (model, inputs, pass versions), so that opening a model
 * again shows them at once. The least recently used files go when the folder grows past its limit.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSafetensors, readSafetensors } from '../core/formats/safetensors/safetensors.js';
import { memorySource } from '../core/bytes/memory-source.js';
import { packResult, unpackResult, type PackedArray } from '../core/passes/pack-result.js';

const EXTENSION = '.safetensors';
const UNFINISHED = '.part';
const ABANDONED_MILLISECONDS = 3_600_000;

export interface ResultCache {
  /** undefined when there is none, or it cannot be read (then it is removed). */
  load<T extends object>(key: string): Promise<T | undefined>;
  store(key: string, result: object): Promise<void>;
}

/** Key of a cached result: a digest of everything that its numbers depend on. */
export function cacheKey(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 40);
}

/**
 * @param warn told what went wrong with the folder: a cache that cannot be used never keeps a model from opening, nor a
 *   run from being shown.
 */
export function createResultCache(folder: string, limitBytes: number, warn: (text: string) => void): ResultCache {
  const fileOf = (key: string): string => join(folder, key + EXTENSION);
  return {
    async load<T extends object>(key: string) {
      const file = fileOf(key);
      try {
        const result = await decode<T>(await readFile(file));
        if (result === undefined) await rm(file, { force: true });
        else await utimes(file, new Date(), new Date());
        return result;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        warn(`A result in the cache cannot be read: ${String(error)}`);
        await rm(file, { force: true }).catch(() => undefined);
        return undefined;
      }
    },
    async store(key, result) {
      const bytes = encode(result);
      if (bytes.length > limitBytes) return;
      // Written beside and renamed: another window never reads half a file.
      const temporary = join(folder, `${key}.${randomUUID()}${UNFINISHED}`);
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(temporary, bytes);
        await rename(temporary, fileOf(key));
        await evict(folder, limitBytes);
      } catch (error) {
        warn(`The result could not be kept in the cache: ${String(error)}`);
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
}

function encode(result: object): Uint8Array {
  const { arrays, json } = packResult(result);
  const tensors = Object.fromEntries(
    [...arrays].map(([name, data]) => [name, { dtype: dtypeOf(data), shape: [data.length], data }]),
  );
  return encodeSafetensors(tensors, { 'model-inspector': json });
}

function dtypeOf(data: PackedArray): 'F32' | 'F64' | 'U32' | 'I32' {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  return data instanceof Uint32Array ? 'U32' : 'I32';
}

async function decode<T extends object>(bytes: Uint8Array): Promise<T | undefined> {
  const file = await readSafetensors(memorySource('result', bytes));
  const json = file.metadata['model-inspector'];
  if (json === undefined) return undefined;
  const arrays = new Map<string, PackedArray>();
  for (const { name } of file.tensors) arrays.set(name, (await file.read(name)).data as PackedArray);
  return unpackResult({ arrays, json });
}

/** Removes the least recently used results beyond the limit, and what a window that died left unfinished. */
async function evict(folder: string, limitBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(EXTENSION) || name.endsWith(UNFINISHED));
  const files = await Promise.all(names.map(async (name) => ({ name, ...(await sizeAndTime(join(folder, name))) })));
  files.sort((a, b) => b.time - a.time);
  let total = 0;
  for (const { name, size, time } of files) {
    total += size;
    const abandoned = name.endsWith(UNFINISHED) && Date.now() - time > ABANDONED_MILLISECONDS;
    if (total > limitBytes || abandoned) await rm(join(folder, name), { force: true });
  }
}

/** Another window may have removed the file meanwhile. */
async function sizeAndTime(path: string): Promise<{ size: number; time: number }> {
  const found = await stat(path).catch(() => undefined);
  return { size: found?.size ?? 0, time: found?.mtimeMs ?? 0 };
}
