import { shownPage } from './shown-page.js';
import { assertNetwork, openedModel, withModel, type CommandContext } from './target.js';

/** “Explain One Input”: the page's linear interpreter. */
export async function explainInput(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Explain One Input', named, async (session, uri) => {
    assertNetwork(openedModel(await session.open()), session.fileName, 'no input goes through it');
    const page = await shownPage(context, session, uri);
    await page?.showTab({ tab: 'linear' });
  });
}
