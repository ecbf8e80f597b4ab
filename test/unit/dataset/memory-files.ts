import type { DataFiles, FolderEntry } from '../../../src/core/dataset/data-files.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { problem } from '../../../src/core/errors.js';

/** Files in memory, by path: `{ 'images/a.png': bytes }`. */
export function memoryFiles(content: Readonly<Record<string, Uint8Array | string>>): DataFiles {
  const bytesAt = (path: string): Uint8Array | undefined => {
    const found = content[path.replace(/^\.\//, '')];
    return typeof found === 'string' ? new TextEncoder().encode(found) : found;
  };
  const below = (folder: string): string[] => {
    const prefix = folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`;
    return Object.keys(content)
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length));
  };
  const missing = (path: string): Error => problem('invalid-inputs', `There is no ${path}.`);
  return {
    list: async (folder) => {
      const entries = new Map<string, FolderEntry>();
      for (const path of below(folder)) {
        const [name = '', ...rest] = path.split('/');
        entries.set(name, { name, kind: rest.length > 0 ? 'folder' : 'file' });
      }
      if (entries.size === 0) throw missing(folder);
      return [...entries.values()];
    },
    facts: async (path) => {
      const bytes = bytesAt(path);
      if (bytes !== undefined) return { kind: 'file', size: bytes.length, modifiedMs: 1 };
      return below(path).length > 0 ? { kind: 'folder', size: 0, modifiedMs: 1 } : undefined;
    },
    open: async (path) => {
      const bytes = bytesAt(path);
      if (bytes === undefined) throw missing(path);
      return memorySource(path, bytes);
    },
  };
}
