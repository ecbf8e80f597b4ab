/** Notices when a model's file, or the recipe beside it, changes on disk. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { recipeUri } from '../recipe-file.js';
import type { Log, ModelSession } from './session.js';

/** Programs write files in several steps, or delete and create them again. */
const settleMilliseconds = 400;

export function watchModel(uri: vscode.Uri, session: ModelSession, log: Log): vscode.Disposable {
  if (uri.scheme !== 'file') return new vscode.Disposable(() => undefined);
  let known: Promise<string> = stamp(uri);
  const model = watchFile(uri, async () => {
    const now = await stamp(uri);
    if (now === (await known)) return;
    known = Promise.resolve(now);
    session.fileChanged(now === missing);
  });
  const recipe = watchFile(recipeUri(uri), async () => {
    if (session.model() === undefined) return;
    // Who edits the file means it: it wins over inputs chosen before.
    await session.setInputs(undefined).catch((error: unknown) => log.warn(`${session.fileName}: ${String(error)}`));
  });
  return vscode.Disposable.from(model, recipe);
}

const missing = 'missing';

async function stamp(uri: vscode.Uri): Promise<string> {
  try {
    const { mtime, size } = await vscode.workspace.fs.stat(uri);
    return `${mtime} ${size}`;
  } catch {
    return missing;
  }
}

function watchFile(uri: vscode.Uri, changed: () => Promise<void>): vscode.Disposable {
  const folder = vscode.Uri.joinPath(uri, '..');
  // A name may hold characters that mean something in a pattern.
  const name = basename(uri.path).replace(/[*?{}[\]]/g, '[$&]');
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, name));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void changed(), settleMilliseconds);
  };
  watcher.onDidChange(settle);
  watcher.onDidCreate(settle);
  watcher.onDidDelete(settle);
  return new vscode.Disposable(() => {
    clearTimeout(timer);
    watcher.dispose();
  });
}
