import type * as vscode from 'vscode';
import type { PageApi } from '../../protocol/page-api.js';
import { openEditor } from '../editor.js';
import type { ModelSession } from '../session/session.js';
import type { CommandContext } from './target.js';

/** The page of a model, brought to the front first. @throws ProblemError when it does not show. */
export async function shownPage(
  { models }: CommandContext,
  session: ModelSession,
  uri: vscode.Uri,
): Promise<PageApi | undefined> {
  if (models.front()?.session !== session) await openEditor(uri);
  return models.front()?.shownPage();
}
