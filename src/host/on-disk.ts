import type { Uri } from 'vscode';
import type { Problem } from '../core/errors.js';

/** Why a file is not opened: virtual workspaces give whole files only. Undefined for files on disk. */
export function whyNotOnDisk(uri: Pick<Uri, 'scheme' | 'toString'>): Problem | undefined {
  if (uri.scheme === 'file') return undefined;
  return {
    kind: 'file-unreadable',
    message: 'Model Inspector opens files on disk only: it reads models piece by piece, never whole.',
    place: uri.toString(true),
    remedy: 'Download the model first, then open the file on disk.',
  };
}
