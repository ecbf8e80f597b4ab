/** Saves what a person takes out of a page, where they say. */
import * as vscode from 'vscode';
import { CancelledError, problem } from '../core/errors.js';
import type { HostApi } from '../protocol/page-api.js';
import type { OnProgress } from '../protocol/rpc.js';
import type { ModelSession } from './session/session.js';

const fileKinds: Readonly<Record<string, string>> = {
  csv: 'Table',
  html: 'Report',
  json: 'Data',
  jsonl: 'Data, one object a line',
  npy: 'NumPy Array',
  png: 'Picture',
  svg: 'Picture',
};

/** @returns false when the person cancelled. */
export async function savePicked(model: vscode.Uri, suggestedName: string, bytes: Uint8Array): Promise<boolean> {
  const target = await pickTarget(model, suggestedName);
  if (target === undefined) return false;
  await vscode.workspace.fs.writeFile(target, bytes);
  return true;
}

/**
 * The worker writes the file itself: a tensor of any size never passes through the host.
 * @returns false when the person cancelled.
 */
export async function saveTensor(
  model: vscode.Uri,
  session: ModelSession,
  { tensor, format, suggestedName }: Parameters<HostApi['saveTensor']>[0],
): Promise<boolean> {
  const target = await pickTarget(model, suggestedName);
  if (target === undefined) return false;
  if (target.scheme !== 'file') {
    throw problem('file-unwritable', 'A tensor can be saved to a disk of the machine that holds the model only.', {
      place: target.toString(),
    });
  }
  const worker = await session.worker();
  const written = await underProgress(`Saving ${suggestedName}`, async (signal, onProgress) => {
    await worker.writeTensor({ tensor, format, path: target.fsPath }, signal, onProgress);
    return true;
  });
  return written ?? false;
}

/** Work of the worker beside a notification that tells how far it is. @returns undefined when the person cancelled. */
export async function underProgress<Value>(
  title: string,
  work: (signal: AbortSignal, onProgress: OnProgress) => Promise<Value>,
): Promise<Value | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const controller = new AbortController();
    const stop = token.onCancellationRequested(() => controller.abort());
    let told = 0;
    try {
      return await work(controller.signal, (share) => {
        progress.report({ increment: (share - told) * 100 });
        told = share;
      });
    } catch (error) {
      if (error instanceof CancelledError) return undefined;
      throw error;
    } finally {
      stop.dispose();
    }
  });
}

export async function pickTarget(model: vscode.Uri, suggestedName: string): Promise<vscode.Uri | undefined> {
  const name = suggestedName.replace(/[\\/:*?"<>|]/g, '_');
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(model, '..', name),
    filters: { [fileKinds[ending] ?? 'File']: [ending] },
    saveLabel: 'Save',
  });
}
