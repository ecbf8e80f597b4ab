import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { CommandContext } from './target.js';

const folderName = 'model-inspector-samples';

interface PlaceItem extends vscode.QuickPickItem {
  readonly folder?: vscode.Uri;
}

/** “Open Sample Workspace”: copies the samples to a folder of the person's (they are to be changed and played with). */
export async function openSamples({ extension, log }: CommandContext): Promise<void> {
  const home = vscode.Uri.file(homedir());
  const places: readonly PlaceItem[] = [
    { label: '$(home) Home folder', detail: vscode.Uri.joinPath(home, folderName).fsPath, folder: home },
    {
      label: '$(extensions) With the extension',
      detail: 'Removed together with the extension’s data',
      folder: extension.globalStorageUri,
    },
    { label: '$(folder-opened) Another folder…', detail: `Makes a folder “${folderName}” in it` },
  ];
  const place = await vscode.window.showQuickPick(places, { title: 'Where should the sample workspace be?' });
  if (place === undefined) return;
  const parent = place.folder ?? (await pickFolder());
  if (parent === undefined) return;
  const target = vscode.Uri.joinPath(parent, folderName);
  try {
    await copyMissing(vscode.Uri.joinPath(extension.extensionUri, 'media', 'samples'), target);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error(`Samples: ${reason}`);
    void vscode.window.showErrorMessage(
      `The samples could not be copied to ${target.fsPath}: ${reason} Choose another folder.`,
    );
    return;
  }
  const somethingOpen = vscode.workspace.workspaceFolders !== undefined;
  await vscode.commands.executeCommand('vscode.openFolder', target, { forceNewWindow: somethingOpen });
}

async function pickFolder(): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: 'Put Samples Here',
  });
  return picked?.[0];
}

/** What is there already stays as it is: it may be a person's work. */
async function copyMissing(source: vscode.Uri, target: vscode.Uri): Promise<void> {
  await vscode.workspace.fs.createDirectory(target);
  const present = new Set((await vscode.workspace.fs.readDirectory(target)).map(([name]) => name));
  for (const [name, type] of await vscode.workspace.fs.readDirectory(source)) {
    const from = vscode.Uri.joinPath(source, name);
    const to = vscode.Uri.joinPath(target, name);
    if (type === vscode.FileType.Directory) await copyMissing(from, to);
    else if (!present.has(name)) await vscode.workspace.fs.copy(from, to, { overwrite: false });
  }
}
