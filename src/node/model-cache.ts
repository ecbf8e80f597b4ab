/**
 * Caches of models as Hugging Face’s hub lays them out (huggingface.co/docs/huggingface_hub, “Understand caching”): files of
 * `models--owner--name/snapshots/<revision>` are links to `models--owner--name/blobs/<hash>`.
 */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SNAPSHOT = /^(.*[\\/](?:models|datasets|spaces)--[^\\/]+)[\\/]snapshots[\\/][^\\/]+(?:[\\/].*)?$/;

export interface CachedRepository {
  /** Absolute, without links: `models--owner--name`. */
  readonly root: string;
  /** The one folder of it that links of a snapshot may lead to. */
  readonly blobs: string;
}

/** @param folder absolute, without links. @returns undefined where it is none of a snapshot, or its blobs lie elsewhere. */
export function cachedRepository(folder: string): CachedRepository | undefined {
  const root = SNAPSHOT.exec(folder)?.[1];
  if (root === undefined) return undefined;
  const blobs = join(root, 'blobs');
  return realPath(blobs) === blobs ? { root, blobs } : undefined;
}

/** Whether a file is one that links of a folder may lead to, though it lies outside. Both absolute, without links. */
export function isCachedFile(folder: string, file: string): boolean {
  const repository = cachedRepository(folder);
  return repository !== undefined && dirname(file) === repository.blobs;
}

/** Undefined where there is no such file. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
