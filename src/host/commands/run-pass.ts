import * as vscode from 'vscode';
import { problem } from '../../core/errors.js';
import { toldLines } from '../../core/dataset/told-lines.js';
import { isInEveryRun, type PassDescription } from '../../protocol/model.js';
import type { Run, ModelSession } from '../session/session.js';
import { progressText, problemText } from '../texts.js';
import { openedModel, withModel, type CommandContext } from './target.js';

/** “Run Pass…”: picks passes and runs them together. */
export async function runPass(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Run Pass…', named, async (session) => {
    const model = openedModel(await session.open());
    if (session.running() !== undefined) {
      const answer = await vscode.window.showInformationMessage('A run of this model is under way.', 'Cancel Run');
      if (answer !== undefined) await session.cancelRun();
      return;
    }
    const passes = await pickPasses(
      model.passes,
      session.fileName,
      toldLines(model.inputs?.lines ?? []).map(({ text }) => text),
    );
    if (passes !== undefined) await showRun(session, await session.run(passes));
  });
}

/** “Cancel Run”: stops the run of the model in front, or of the one named. */
export async function cancelRun(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Cancel Run', named, async (session) => {
    if (session.running() === undefined)
      void vscode.window.showInformationMessage(`No run of ${session.fileName} is under way.`);
    else await session.cancelRun();
  });
}

interface PassItem extends vscode.QuickPickItem {
  readonly pass?: PassDescription;
}

/** @returns the ids picked, or undefined when the person turned away. */
function pickPasses(
  passes: readonly PassDescription[],
  fileName: string,
  inputs: readonly string[],
): Promise<readonly string[] | undefined> {
  const applying: PassItem[] = passes
    .filter(isInEveryRun)
    .map((pass) => ({ label: pass.title, detail: pass.question, pass }));
  const experiments: PassItem[] = passes
    .filter((pass) => pass.reason === undefined && !isInEveryRun(pass))
    .map((pass) => ({
      label: pass.title,
      description: `about ${pass.runsPerInput} runs of every input`,
      detail: pass.question,
      pass,
    }));
  const others: PassItem[] = passes
    .filter((pass) => pass.reason !== undefined)
    .map((pass) => ({ label: `$(circle-slash) ${pass.title}`, detail: pass.reason, description: pass.question }));
  const under = (label: string, items: readonly PassItem[]): PassItem[] =>
    items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];

  const picker = vscode.window.createQuickPick<PassItem>();
  picker.title = inputs.length === 0 ? `Run on ${fileName}` : `Run on ${fileName}: ${inputs.join('; ')}`;
  picker.placeholder = 'Which questions? They share one run over the inputs; experiments take many.';
  picker.canSelectMany = true;
  picker.matchOnDetail = true;
  picker.items = [
    ...applying,
    ...under('Experiments: as long as many runs', experiments),
    ...under('Does not apply to this model', others),
  ];
  picker.selectedItems = applying;

  return new Promise((resolve) => {
    picker.onDidChangeSelection((items) => {
      // What does not apply is there to be read; ticking it has no effect.
      if (items.some((item) => item.pass === undefined))
        picker.selectedItems = items.filter((item) => item.pass !== undefined);
    });
    picker.onDidAccept(() => {
      const ids = picker.selectedItems.flatMap((item) => (item.pass === undefined ? [] : [item.pass.id]));
      if (ids.length === 0) return;
      resolve(ids);
      picker.hide();
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
    picker.show();
  });
}

/** Progress with the time left and a cancel button in a notification, until the run has ended. */
export async function showRun(session: ModelSession, run: Run): Promise<void> {
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: session.fileName, cancellable: true },
    async (progress, token) => {
      token.onCancellationRequested(() => void session.cancelRun());
      let percentDone = 0;
      const leave = session.join({
        tell(event) {
          const now = session.running();
          if (event !== 'runProgress' || now === undefined) return;
          const percent = now.planned > 0 ? (100 * now.done) / now.planned : 0;
          progress.report({ message: progressText(now), increment: Math.max(0, percent - percentDone) });
          percentDone = Math.max(percentDone, percent);
        },
      });
      const end = await run.end;
      leave();
      if (end.problem !== undefined) throw problem(end.problem.kind, problemText(end.problem));
    },
  );
}
