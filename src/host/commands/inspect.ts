import * as vscode from 'vscode';
import { openEditor } from '../editor.js';
import { pickModelFile } from './target.js';

/** “Inspect Model”: opens the files of the Explorer's selection, the editor's file, or one that the person picks. */
export async function inspect(named?: unknown, selected?: unknown): Promise<void> {
  const many = Array.isArray(selected) ? selected.filter((uri): uri is vscode.Uri => uri instanceof vscode.Uri) : [];
  const uris = many.length > 0 ? many : named instanceof vscode.Uri ? [named] : [await pickModelFile('Inspect Model')];
  for (const uri of uris) if (uri !== undefined) await openEditor(uri);
}
