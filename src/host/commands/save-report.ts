import * as vscode from 'vscode';
import { stemOf } from '../model-files.js';
import { openedModel, withModel, type CommandContext } from './target.js';

/** “Save Report…”: one HTML file that shows everything without a network, and the numbers as JSON beside it. */
export async function saveReport(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Save Report…', named, async (session, uri) => {
    openedModel(await session.open());
    const stem = stemOf(session.fileName);
    const target = await vscode.window.showSaveDialog({
      title: `Report on ${session.fileName}`,
      saveLabel: 'Save Report',
      filters: { Report: ['html'] },
      defaultUri: vscode.Uri.joinPath(uri, '..', `${stem}-report.html`),
    });
    if (target === undefined) return;
    const { html, json } = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: `Report on ${session.fileName}` },
      async () => (await session.worker()).report({}),
    );
    const encoder = new TextEncoder();
    await vscode.workspace.fs.writeFile(target, encoder.encode(html));
    await vscode.workspace.fs.writeFile(jsonBeside(target), encoder.encode(json));
    void offerToOpen(target);
  });
}

function jsonBeside(html: vscode.Uri): vscode.Uri {
  return html.with({ path: `${html.path.replace(/\.html?$/i, '')}.json` });
}

async function offerToOpen(report: vscode.Uri): Promise<void> {
  // A browser cannot open a file on another machine: there the report can only be shown in the Explorer.
  const local = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  const action = local ? 'Open' : 'Show in Explorer';
  const answer = await vscode.window.showInformationMessage(`Saved ${report.fsPath}`, action);
  if (answer === undefined) return;
  if (local) await vscode.env.openExternal(report);
  else await vscode.commands.executeCommand('revealInExplorer', report);
}
