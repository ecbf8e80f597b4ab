/** The settings modelInspector.*, as the worker wants them. */
import * as vscode from 'vscode';
import type { WorkerSettings } from '../protocol/worker-api.js';

export const section = 'modelInspector';

/** In a workspace that is not trusted, models run only in the sandboxed wasm engine. */
export function readSettings(model: vscode.Uri, cacheFolder: string): WorkerSettings {
  const settings = vscode.workspace.getConfiguration(section, model);
  return {
    engine: vscode.workspace.isTrusted ? settings.get<WorkerSettings['engine']>('engine', 'automatic') : 'wasm',
    threads: settings.get('threads', 0),
    defaultInputs: settings.get('defaultInputs', 200),
    cacheFolder,
    cacheMegabytes: settings.get('cacheMegabytes', 512),
  };
}
