import type { ByteSource } from '../bytes/byte-source.js';
import { problem } from '../errors.js';

export interface FileFacts {
  readonly kind: 'file' | 'folder';
  readonly size: number;
  readonly modifiedMs: number;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/**
 * The files that inputs come from. Paths use '/', relative to the recipe's folder ('.' is that folder itself).
 * The implementation decides which paths are allowed; nothing in the core does.
 */
export interface DataFiles {
  /**
   * Entries of a folder, in no particular order; other things than files and folders are left out.
   * @throws ProblemError `invalid-inputs` when it is no folder or may not be read.
   */
  list(folder: string): Promise<readonly FolderEntry[]>;
  /** Undefined when there is no such file or folder. @throws ProblemError `invalid-inputs` for a path outside. */
  facts(path: string): Promise<FileFacts | undefined>;
  /** @throws ProblemError `invalid-inputs` when it is no file or may not be read. */
  open(path: string): Promise<ByteSource>;
}

export function joinPath(folder: string, name: string): string {
  if (folder === '.' || folder === '') return name;
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** The last part of a path: "cat.png" of "animals/cat.png". */
export function baseName(path: string): string {
  const trimmed = path.replace(/[/\\]+$/, '');
  return trimmed.slice(Math.max(trimmed.lastIndexOf('/'), trimmed.lastIndexOf('\\')) + 1);
}

export function isAbsolutePath(path: string): boolean {
  return /^([/\\]|[A-Za-z]:)/.test(path);
}

/** A path as it is shown: absolute ones by their last part. */
export function shownPath(path: string): string {
  return isAbsolutePath(path) ? baseName(path) : path.replace(/\/+$/, '');
}

/** "animals" of "animals/cat.png"; "." where there is no folder. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : end === 0 ? '/' : path.slice(0, end);
}

/** The whole file. @throws ProblemError `invalid-inputs` when it is larger than `limitBytes`. */
export async function readWhole(files: DataFiles, path: string, limitBytes: number): Promise<Uint8Array> {
  const source = await files.open(path);
  if (source.size > limitBytes) {
    throw problem('invalid-inputs', `${path} is larger than ${limitBytes / 1e6} MB.`, {
      place: path,
      remedy: 'Use a smaller file.',
    });
  }
  return source.read(0, source.size);
}

export async function readText(files: DataFiles, path: string, limitBytes: number): Promise<string> {
  const text = new TextDecoder().decode(await readWhole(files, path, limitBytes));
  return text.replace(/^\uFEFF/, '');
}

const collator = new Intl.Collator('en', { numeric: true });

/** "img2" before "img10", the same on every machine. */
export function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
