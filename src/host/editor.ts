/** The custom editor for ONNX files. */
import * as vscode from 'vscode';
import type { Models } from './models.js';
import { connectPanel } from './panel.js';
import type { Log, ModelSession } from './session/session.js';

export const viewType = 'modelInspector.editor';

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
  return vscode.window.registerCustomEditorProvider(viewType, provider, {
    supportsMultipleEditorsPerDocument: true,
    webviewOptions: { retainContextWhenHidden: false, enableFindWidget: false },
  });
}

export async function openEditor(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
}
