import { problem } from '../../core/errors.js';
import { shownPage } from './shown-page.js';
import { withModel, type CommandContext } from './target.js';

/** “Explain One Input”: the page's linear interpreter. */
export async function explainInput(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Explain One Input', named, async (session, uri) => {
    const state = await session.open();
    if (state.state === 'failed') throw problem(state.problem.kind, state.problem.message, state.problem);
    if (state.model.overview.network === undefined) {
      throw problem('not-applicable', `“${session.fileName}” holds weights only: no input goes through it.`, {
        remedy: 'Open the ONNX file of the whole model.',
      });
    }
    const page = await shownPage(context, session, uri);
    await page?.showTab({ tab: 'linear' });
  });
}
