/** Lists of features that a person brings, and where features go that they take out. */
import * as vscode from 'vscode';
import { problem } from '../core/errors.js';
import type { FeatureExport, FeatureExportAnswer, FeatureListAnswer } from '../protocol/feature-lists.js';
import { pickTarget, underProgress } from './save-picked.js';
import type { ModelSession } from './session/session.js';

const LIST_FILES = { 'Lists of features': ['json', 'jsonl', 'csv', 'txt', 'gz'], 'All files': ['*'] };

/** @param text what they typed; absent: they choose a file. @returns undefined when they chose none. */
export async function readFeatureList(
  session: ModelSession,
  text: string | undefined,
  signal: AbortSignal | undefined,
): Promise<FeatureListAnswer | undefined> {
  const worker = await session.worker();
  if (text !== undefined) return worker.featureList({ text }, signal);
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: 'Import List of Features…',
      openLabel: 'Import',
      defaultUri: vscode.Uri.joinPath(vscode.Uri.file(session.attached().path), '..'),
      filters: LIST_FILES,
    })) ?? [];
  return chosen === undefined ? undefined : worker.featureList({ path: onDisk(chosen) }, signal);
}

/** @returns undefined when they chose no place, or cancelled. */
export async function exportFeatures(
  model: vscode.Uri,
  session: ModelSession,
  request: FeatureExport,
): Promise<FeatureExportAnswer | undefined> {
  const target =
    request.format === 'neuronpedia'
      ? await pickTarget(model, `${session.fileName}-features.jsonl`)
      : await pickFolder(model);
  if (target === undefined) return undefined;
  const path = onDisk(target);
  const worker = await session.worker();
  return underProgress('Exporting features', (signal, onProgress) =>
    worker.writeFeatures({ ...request, path }, signal, onProgress),
  );
}

async function pickFolder(model: vscode.Uri): Promise<vscode.Uri | undefined> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: 'Export Features: a new folder is made in the one that you choose',
      openLabel: 'Export Here',
      defaultUri: vscode.Uri.joinPath(model, '..'),
      canSelectFolders: true,
      canSelectFiles: false,
    })) ?? [];
  return folder;
}

function onDisk(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return uri.fsPath;
  throw problem(
    'not-applicable',
    'Features are read from and written to a disk of the machine that holds the model only.',
    {
      place: uri.toString(),
    },
  );
}
