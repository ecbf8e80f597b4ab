/**
 * Results of earlier runs on disk: one safetensors file per (model, inputs, pass versions), so that opening a model
 * again shows them at once. The least recently used files go when the folder grows past its limit.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSafetensors, readSafetensors } from '../core/formats/safetensors/safetensors.js';
import { memorySource } from '../core/bytes/memory-source.js';
import { packResult, unpackResult, type PackedArray } from '../core/passes/pack-result.js';
import type { RunResult } from '../core/passes/result.js';

const EXTENSION = '.safetensors';

export interface ResultCache {
  /** undefined when there is none, or it cannot be read (then it is removed). */
  load(key: string): Promise<RunResult | undefined>;
  store(key: string, result: RunResult): Promise<void>;
}

/** Key of a cached result: a digest of everything that its numbers depend on. */
export function cacheKey(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 40);
}

export function createResultCache(folder: string, limitBytes: number): ResultCache {
  const fileOf = (key: string): string => join(folder, key + EXTENSION);
  return {
    async load(key) {
      const file = fileOf(key);
      try {
        const bytes = await readFile(file);
        const result = await decode(bytes);
        if (result === undefined) await rm(file, { force: true });
        else await utimes(file, new Date(), new Date());
        return result;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') await rm(file, { force: true });
        return undefined;
      }
    },
    async store(key, result) {
      const bytes = encode(result);
      if (bytes.length > limitBytes) return;
      await mkdir(folder, { recursive: true });
      // Written beside and renamed: another window never reads half a file.
      const temporary = `${fileOf(key)}.${process.pid}.part`;
      await writeFile(temporary, bytes);
      await rename(temporary, fileOf(key));
      await evict(folder, limitBytes);
    },
  };
}

function encode(result: RunResult): Uint8Array {
  const { arrays, json } = packResult(result);
  const tensors = Object.fromEntries(
    [...arrays].map(([name, data]) => [name, { dtype: dtypeOf(data), shape: [data.length], data }]),
  );
  return encodeSafetensors(tensors, { 'model-inspector': json });
}

function dtypeOf(data: PackedArray): 'F32' | 'U32' | 'I32' {
  if (data instanceof Float32Array) return 'F32';
  return data instanceof Uint32Array ? 'U32' : 'I32';
}

async function decode(bytes: Uint8Array): Promise<RunResult | undefined> {
  const file = await readSafetensors(memorySource('result', bytes));
  const json = file.metadata['model-inspector'];
  if (json === undefined) return undefined;
  const arrays = new Map<string, PackedArray>();
  for (const { name } of file.tensors) arrays.set(name, (await file.read(name)).data as PackedArray);
  return unpackResult({ arrays, json });
}

async function evict(folder: string, limitBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(EXTENSION));
  const files = await Promise.all(names.map(async (name) => ({ name, ...(await sizeAndTime(join(folder, name))) })));
  files.sort((a, b) => b.time - a.time);
  let total = 0;
  for (const { name, size } of files) {
    total += size;
    if (total > limitBytes) await rm(join(folder, name), { force: true });
  }
}

async function sizeAndTime(path: string): Promise<{ size: number; time: number }> {
  const { size, mtimeMs } = await stat(path);
  return { size, time: mtimeMs };
}
