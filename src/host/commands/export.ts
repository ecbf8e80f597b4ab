import { withModel, type CommandContext } from './target.js';
import { shownPage } from './shown-page.js';

/** “Export Table or Picture…”: the page saves what it shows. */
export async function exportShown(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Export Table or Picture…', named, async (session, uri) => {
    const page = await shownPage(context, session, uri);
    await page?.exportShown({});
  });
}
