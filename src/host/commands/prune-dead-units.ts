import * as vscode from 'vscode';
import { CancelledError, problem } from '../../core/errors.js';
import { PROVEN_SOURCES, UNIT_SOURCES } from '../../core/pruning/unit-sources.js';
import { keptText, SOURCE_DETAILS, SOURCE_NAMES } from '../../core/pruning/words.js';
import type { OnProgress } from '../../protocol/rpc.js';
import type { PrunedFile, PruningPreview, UnitSource } from '../../protocol/pruning.js';
import { openEditor } from '../editor.js';
import { stemOf } from '../model-files.js';
import { assertNetwork, openedModel, withModel, type CommandContext } from './target.js';

interface SourceItem extends vscode.QuickPickItem {
  readonly source: UnitSource;
}

const SOURCES: readonly SourceItem[] = UNIT_SOURCES.map((source) => ({
  source,
  label: SOURCE_NAMES[source],
  detail: SOURCE_DETAILS[source],
}));

const MOST_LINES = 12;

/** “Prune Dead Units…”: what could be removed, then a smaller file that was proven to give the same. */
export async function pruneDeadUnits(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Prune Dead Units…', named, async (session, uri) => {
    assertNetwork(openedModel(await session.open()), session.fileName, 'it does not say which unit reads which');
    const picked = await pickSources(session.fileName);
    if (picked === undefined) return;
    const worker = await session.worker();
    const preview = await cancellable(
      `Looking for units of ${session.fileName} that do nothing`,
      (signal, onProgress) => worker.pruningPreview({ sources: picked }, signal, onProgress),
    );
    if (preview.units === 0) {
      void vscode.window.showInformationMessage(
        `${session.fileName}: ${preview.sentence} ${reasonsText(preview)}`.trim(),
      );
      return;
    }
    const answer = await vscode.window.showInformationMessage(
      preview.sentence,
      { modal: true, detail: detailText(preview) },
      'Save Smaller Model…',
    );
    if (answer === undefined) return;
    const target = await vscode.window.showSaveDialog({
      title: `Smaller copy of ${session.fileName}`,
      saveLabel: 'Save Smaller Model',
      filters: { 'ONNX model': ['onnx'] },
      defaultUri: vscode.Uri.joinPath(uri, '..', `${stemOf(session.fileName)}.pruned.onnx`),
    });
    if (target === undefined) return;
    if (target.scheme !== 'file') {
      throw problem(
        'file-unwritable',
        'A model can be written to a disk of the machine that holds the original only.',
        {
          place: target.toString(true),
          remedy: 'Choose a folder on that machine.',
        },
      );
    }
    const written = await cancellable(
      `Writing ${target.path.split('/').at(-1) ?? ''} and running both models`,
      (signal, onProgress) =>
        // The dialog has asked about a file of this name.
        worker.writePruned({ sources: picked, path: target.fsPath, replace: true }, signal, onProgress),
    );
    session.pruned();
    void offerToOpen(target, written);
  });
}

async function pickSources(fileName: string): Promise<readonly UnitSource[] | undefined> {
  const picked = await vscode.window.showQuickPick(
    SOURCES.map((item) => ({ ...item, picked: PROVEN_SOURCES.includes(item.source) })),
    {
      title: `Prune ${fileName}: which units? The original stays as it is.`,
      placeHolder: 'Units that leave must change no output; what cannot leave exactly stays',
      canPickMany: true,
      matchOnDetail: true,
    },
  );
  return picked === undefined || picked.length === 0 ? undefined : picked.map(({ source }) => source);
}

/** Progress with a cancel button. @throws CancelledError when it was pressed. */
async function cancellable<T>(
  title: string,
  work: (signal: AbortSignal, onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const controller = new AbortController();
    const stop = token.onCancellationRequested(() => controller.abort());
    let told = 0;
    try {
      return await work(controller.signal, (share) => {
        progress.report({ increment: Math.max(0, share - told) * 100 });
        told = Math.max(told, share);
      });
    } catch (error) {
      throw controller.signal.aborted ? new CancelledError() : error;
    } finally {
      stop.dispose();
    }
  });
}

function detailText(preview: PruningPreview): string {
  const { sources, layers, proven, check } = preview;
  const known = sources.map(({ source, units, text }) => `${SOURCE_NAMES[source]}: ${units} (${text})`);
  const shown = layers.slice(0, MOST_LINES).map(({ label, removed, units }) => `${label}: ${removed} of ${units}`);
  const rest = layers.length > MOST_LINES ? [`and ${layers.length - MOST_LINES} more layers`] : [];
  return [proven, '', check, '', ...known, '', ...shown, ...rest, '', reasonsText(preview)].join('\n').trim();
}

function reasonsText({ kept }: PruningPreview): string {
  return kept.map((each) => `${keptText(each)}.`).join(' ');
}

async function offerToOpen(target: vscode.Uri, { proof, preview, externalName }: PrunedFile): Promise<void> {
  const beside = externalName === undefined ? '' : ` Its weights lie beside it in ${externalName}.`;
  const without = proof.withoutData === undefined ? '' : ` The inputs of the model were not run: ${proof.withoutData}`;
  const answer = await vscode.window.showInformationMessage(
    `Saved ${target.fsPath}.${beside} ${preview.proven} ${proof.sentence}${without}`,
    'Open',
  );
  if (answer !== undefined) await openEditor(target);
}
