import { openEditor } from '../editor.js';
import { withModel, type CommandContext } from './target.js';

/** “Export Table or Picture…”: the page saves what it shows. */
export async function exportShown(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Export Table or Picture…', named, async (session, uri) => {
    let panel = context.models.front();
    if (panel?.session !== session) {
      await openEditor(uri);
      panel = context.models.front();
    }
    await panel?.exportShown();
  });
}
