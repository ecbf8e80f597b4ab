/** Which model a command is about. */
import * as vscode from 'vscode';
import { asProblem, CancelledError, problem } from '../../core/errors.js';
import type { OpenState } from '../../protocol/page-api.js';
import type { OpenedModel } from '../../protocol/worker-api.js';
import { openEditor } from '../editor.js';
import { OTHER_ENDINGS, OWN_ENDINGS } from '../model-files.js';
import type { Models } from '../models.js';
import type { Log, ModelSession } from '../session/session.js';
import { problemText } from '../texts.js';

export interface CommandContext {
  readonly extension: vscode.ExtensionContext;
  readonly models: Models;
  readonly log: Log;
}

export async function pickModelFile(title: string): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title,
    openLabel: title.replace('…', ''),
    canSelectMany: false,
    filters: { Models: [...OWN_ENDINGS, ...OTHER_ENDINGS], 'All files': ['*'] },
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
  });
  return picked?.[0];
}

/**
 * Runs `action` on the model that was named, else the one in front, else one that the person picks (and that is then
 * opened). Problems are shown; a cancellation is not.
 */
export async function withModel(
  { models, log }: CommandContext,
  title: string,
  named: unknown,
  action: (session: ModelSession, uri: vscode.Uri) => Promise<void>,
): Promise<void> {
  try {
    let uri = named instanceof vscode.Uri ? named : models.front()?.uri;
    if (uri === undefined) {
      uri = await pickModelFile(title);
      if (uri === undefined) return;
      await openEditor(uri);
    }
    const lease = models.acquire(uri);
    try {
      await action(lease.value, uri);
    } finally {
      lease.release();
    }
  } catch (error) {
    if (error instanceof CancelledError) return;
    const shown = asProblem(error);
    log.error(`${title} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    void vscode.window.showErrorMessage(problemText(shown), 'Show Log').then((answer) => {
      if (answer !== undefined) void vscode.commands.executeCommand('modelInspector.showLog');
    });
  }
}

/** What is known of a model that is open. @throws Problem that kept it from opening */
export function openedModel(state: OpenState): OpenedModel {
  if (state.state === 'failed') throw problem(state.problem.kind, state.problem.message, state.problem);
  return state.model;
}

/**
 * @param unable what a file of weights cannot give: “no input goes through it”
 * @throws Problem when `model` is a file of weights
 */
export function assertNetwork(
  model: OpenedModel,
  fileName: string,
  unable: string,
  remedy = 'Open the ONNX file of the whole model.',
): void {
  if (model.overview.network === undefined)
    throw problem('not-applicable', `“${fileName}” holds weights only: ${unable}.`, { remedy });
}
