/** The custom editor for model files. */
import * as vscode from 'vscode';
import type { Models } from './models.js';
import { connectPanel } from './panel.js';
import type { Log, ModelSession } from './session/session.js';

/** The editor of files that are models by their ending; {@link otherFiles} is the same for endings that may be anything. */
const viewType = 'modelInspector.editor';
const otherFiles = 'modelInspector.otherFiles';

interface ModelDocument extends vscode.CustomDocument {
  readonly session: ModelSession;
}

export function registerEditor(context: vscode.ExtensionContext, models: Models, log: Log): vscode.Disposable {
  const provider: vscode.CustomReadonlyEditorProvider<ModelDocument> = {
    openCustomDocument(uri) {
      const lease = models.acquire(uri);
      return { uri, session: lease.value, dispose: () => lease.release() };
    },
    resolveCustomEditor(document, webviewPanel) {
      const panel = connectPanel(
        webviewPanel,
        document.uri,
        document.session,
        context.extensionUri,
        () => models.acquire(document.uri),
        log,
      );
      models.addPanel(panel);
      webviewPanel.onDidDispose(() => panel.dispose());
    },
  };
  const options = {
    supportsMultipleEditorsPerDocument: true,
    webviewOptions: { retainContextWhenHidden: false, enableFindWidget: false },
  };
  return vscode.Disposable.from(
    vscode.window.registerCustomEditorProvider(viewType, provider, options),
    vscode.window.registerCustomEditorProvider(otherFiles, provider, options),
  );
}

export async function openEditor(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
}
