/** What the Features tab does with lists, from the palette: the page asks, and shows what came of it. */
import * as vscode from 'vscode';
import { problem } from '../../core/errors.js';
import { FEATURE_FORMATS } from '../../protocol/feature-lists.js';
import type { ModelSession } from '../session/session.js';
import { shownPage } from './shown-page.js';
import { withModel, type CommandContext } from './target.js';

/** “Import Feature List…”: asks for a file, and shows which features it names. */
export async function importFeatureList(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Import Feature List…', named, async (session, uri) => {
    assertFeatures(session);
    const page = await shownPage(context, session, uri);
    await page?.importFeatureList({});
  });
}

/** “Export Features…”: all of them, in the format that the person picks. */
export async function exportFeatures(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Export Features…', named, async (session, uri) => {
    assertFeatures(session);
    const formats = FEATURE_FORMATS.map(({ format, label, title }) => ({ format, label, detail: title }));
    const picked = await vscode.window.showQuickPick(formats, {
      title: 'Export Features…',
      placeHolder: 'All features as',
      matchOnDetail: true,
    });
    if (picked === undefined) return;
    const page = await shownPage(context, session, uri);
    await page?.exportFeatures({ format: picked.format });
  });
}

function assertFeatures(session: ModelSession): void {
  if (session.hasFeatures()) return;
  throw problem('not-applicable', `No features of “${session.fileName}” were gathered yet.`, {
    remedy: 'Attach a dictionary and run it, in the Features tab.',
  });
}
