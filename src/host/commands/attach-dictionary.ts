/** “Attach Dictionary…” on a model, and “Attach to Model…” on a dictionary: which belongs to which is remembered. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { problem } from '../../core/errors.js';
import { openEditor } from '../editor.js';
import { assertNetwork, openedModel, pickModelFile, withModel, type CommandContext } from './target.js';

/** The experiment that measures where it fits. */
const FIT = 'dictionary-fit';
const MOST_MODELS = 200;

/** Picks a dictionary for the model in front, or for the one named. */
export async function attachDictionary(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Attach Dictionary…', named, async (session, model) => {
    const opened = openedModel(await session.open());
    assertNetwork(
      opened,
      session.fileName,
      'no dictionary can be measured on it',
      'Attach the dictionary to the ONNX file of the whole model.',
    );
    const dictionary = await pickDictionary(opened.dictionary?.name);
    if (dictionary === undefined) return;
    if (dictionary === 'none') await session.attach(undefined);
    else await attach(context, model, dictionary);
  });
}

/** Picks a model for a dictionary: the one named, or the one in front. */
export async function attachToModel(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Attach to Model…', named, async (session, dictionary) => {
    if (openedModel(await session.open()).overview.dictionary === undefined) {
      throw problem('not-applicable', `“${session.fileName}” is not recognised as a dictionary.`, {
        remedy: 'Dictionaries are files of sparse autoencoders, transcoders and crosscoders; the README lists whose.',
      });
    }
    const model = await pickModel();
    if (model !== undefined) await attach(context, model, dictionary);
  });
}

/** Opens the model with the dictionary, and measures where that fits. */
async function attach({ models }: CommandContext, model: vscode.Uri, dictionary: vscode.Uri): Promise<void> {
  const lease = models.acquire(model);
  try {
    const session = lease.value;
    const opened = openedModel(await session.attach(dictionary.fsPath));
    await openEditor(model);
    const reason = opened.passes.find(({ id }) => id === FIT)?.reason;
    if (reason !== undefined) throw problem('not-applicable', reason, { place: basename(dictionary.fsPath) });
    const run = await session.run([FIT]);
    const held = models.acquire(model);
    void run.end.finally(() => held.release());
  } finally {
    lease.release();
  }
}

async function pickDictionary(attached: string | undefined): Promise<vscode.Uri | 'none' | undefined> {
  const other = 'Choose another dictionary…';
  const none = 'Detach it';
  if (attached !== undefined) {
    const answer = await vscode.window.showQuickPick([other, none], {
      title: `“${attached}” is attached`,
      placeHolder: 'A model has one dictionary at a time.',
    });
    if (answer === undefined) return undefined;
    if (answer === none) return 'none';
  }
  return pickModelFile('Attach Dictionary…');
}

/** A model of the workspace, or another file. */
async function pickModel(): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.onnx', '**/node_modules/**', MOST_MODELS);
  const items = found
    .map((uri) => ({ label: basename(uri.fsPath), description: vscode.workspace.asRelativePath(uri), uri }))
    .sort((a, b) => a.description.localeCompare(b.description));
  if (items.length === 0) return pickModelFile('Attach to Model…');
  const browse = { label: '$(folder-opened) Choose another file…', description: '', uri: undefined };
  const picked = await vscode.window.showQuickPick([...items, browse], {
    title: 'Attach to Model…',
    placeHolder: 'Which model was the dictionary trained on?',
    matchOnDescription: true,
  });
  if (picked === undefined) return undefined;
  return picked.uri ?? pickModelFile('Attach to Model…');
}
