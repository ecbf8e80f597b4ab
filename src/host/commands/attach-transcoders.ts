/** “Attach Transcoders…”: a set of transcoders, one for each layer, through which circuits are found. Remembered. */
import * as vscode from 'vscode';
import { DICTIONARY_ENDINGS } from '../model-files.js';
import { shownPage } from './shown-page.js';
import { assertNetwork, openedModel, withModel, type CommandContext } from './target.js';

const TITLE = 'Attach Transcoders…';
const FOLDER = 'A folder with one transcoder for each layer…';
const FILES = 'Files, one for each layer…';
const NONE = 'Detach them';

export async function attachTranscoders(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, TITLE, named, async (session, model) => {
    const opened = openedModel(await session.open());
    assertNetwork(
      opened,
      session.fileName,
      'no circuit can be found in it',
      'Attach the transcoders to the ONNX file of the whole model.',
    );
    const paths = await pickTranscoders(opened.transcoders !== undefined);
    if (paths === undefined) return;
    openedModel(await session.attachTranscoders(paths === 'none' ? undefined : paths));
    const page = await shownPage(context, session, model);
    await page?.showTab({ tab: 'circuits' });
  });
}

async function pickTranscoders(areAttached: boolean): Promise<readonly string[] | 'none' | undefined> {
  const answer = await vscode.window.showQuickPick([FOLDER, FILES, ...(areAttached ? [NONE] : [])], {
    title: TITLE,
    placeHolder: 'Each is placed by its configuration: the ONNX value, the hook or the layer that it names.',
  });
  if (answer === undefined) return undefined;
  if (answer === NONE) return 'none';
  const isFolder = answer === FOLDER;
  const picked = await vscode.window.showOpenDialog({
    title: TITLE,
    openLabel: 'Attach Transcoders',
    canSelectFiles: !isFolder,
    canSelectFolders: isFolder,
    canSelectMany: true,
    ...(isFolder ? {} : { filters: { Transcoders: [...DICTIONARY_ENDINGS], 'All files': ['*'] } }),
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
  });
  return picked?.map(({ fsPath }) => fsPath);
}
