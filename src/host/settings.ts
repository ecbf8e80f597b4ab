/** The settings modelInspector.*, as the worker wants them. */
import * as vscode from 'vscode';
import { DEFAULT_ALLOWED_LOSS_INCREASE, isAllowedPercent } from '../core/experiment/allowed-loss-increase.js';
import type { WorkerSettings } from '../protocol/worker-api.js';

export const section = 'modelInspector';

/** In a workspace that is not trusted, models run only in the sandboxed wasm engine. */
export function readSettings(model: vscode.Uri, cacheFolder: string): WorkerSettings {
  const settings = vscode.workspace.getConfiguration(section, model);
  return {
    engine: vscode.workspace.isTrusted ? settings.get<WorkerSettings['engine']>('engine', 'automatic') : 'wasm',
    threads: settings.get('threads', 0),
    defaultInputs: settings.get('defaultInputs', 200),
    allowedLossIncrease: allowedLossIncrease(settings.get<unknown>('allowedLossIncrease', 1)),
    cacheFolder,
    cacheMegabytes: settings.get('cacheMegabytes', 512),
  };
}

/** The editor only warns of a number that is out of range. */
function allowedLossIncrease(percent: unknown): number {
  return typeof percent === 'number' && isAllowedPercent(percent) ? percent / 100 : DEFAULT_ALLOWED_LOSS_INCREASE;
}
