/** Activation: builds the parts and connects them. Nothing is read and no worker starts before a model is opened. */
import * as vscode from 'vscode';
import { attachDictionary, attachToModel } from './commands/attach-dictionary.js';
import { attachTranscoders } from './commands/attach-transcoders.js';
import { chooseInputs } from './commands/choose-inputs.js';
import { explainInput } from './commands/explain-input.js';
import { exportShown } from './commands/export.js';
import { exportFeatures, importFeatureList } from './commands/feature-lists.js';
import { inspect } from './commands/inspect.js';
import { openSamples } from './commands/open-samples.js';
import { pruneDeadUnits } from './commands/prune-dead-units.js';
import { cancelRun, runPass } from './commands/run-pass.js';
import { saveReport } from './commands/save-report.js';
import { stateInputRange } from './commands/state-input-range.js';
import type { CommandContext } from './commands/target.js';
import { followContextKeys } from './context-keys.js';
import { registerEditor } from './editor.js';
import { createModels, type Models } from './models.js';
import { createFindings } from './views/findings.js';
import { createOutline } from './views/outline.js';

let models: Models | undefined;

export function activate(extension: vscode.ExtensionContext): void {
  const begun = performance.now();
  const log = vscode.window.createOutputChannel('Model Inspector', { log: true });
  models = createModels(extension, log);
  const context: CommandContext = { extension, models, log };
  const views = [createOutline(extension.globalState), createFindings(extension.globalState), followContextKeys()];
  extension.subscriptions.push(
    log,
    models,
    ...views,
    models.onDidChangeFront((panel) => {
      // Without a model in front the views are hidden; what they show stays until another one comes.
      if (panel !== undefined) for (const view of views) view.show(panel.session);
    }),
    registerEditor(extension, models, log),
    vscode.commands.registerCommand('modelInspector.inspect', inspect),
    vscode.commands.registerCommand('modelInspector.runPass', (uri) => runPass(context, uri)),
    vscode.commands.registerCommand('modelInspector.explainInput', (uri) => explainInput(context, uri)),
    vscode.commands.registerCommand('modelInspector.attachDictionary', (uri) => attachDictionary(context, uri)),
    vscode.commands.registerCommand('modelInspector.attachTranscoders', (uri) => attachTranscoders(context, uri)),
    vscode.commands.registerCommand('modelInspector.attachToModel', (uri) => attachToModel(context, uri)),
    vscode.commands.registerCommand('modelInspector.pruneDeadUnits', (uri) => pruneDeadUnits(context, uri)),
    vscode.commands.registerCommand('modelInspector.stateInputRange', (uri) => stateInputRange(context, uri)),
    vscode.commands.registerCommand('modelInspector.chooseInputs', (uri) => chooseInputs(context, uri)),
    vscode.commands.registerCommand('modelInspector.cancelRun', (uri) => cancelRun(context, uri)),
    vscode.commands.registerCommand('modelInspector.saveReport', (uri) => saveReport(context, uri)),
    vscode.commands.registerCommand('modelInspector.export', (uri) => exportShown(context, uri)),
    vscode.commands.registerCommand('modelInspector.importFeatureList', (uri) => importFeatureList(context, uri)),
    vscode.commands.registerCommand('modelInspector.exportFeatures', (uri) => exportFeatures(context, uri)),
    vscode.commands.registerCommand('modelInspector.openSamples', () => openSamples(context)),
    vscode.commands.registerCommand('modelInspector.showLog', () => log.show()),
  );
  log.info(`Model Inspector activated in ${(performance.now() - begun).toFixed(1)} ms`);
}

export async function deactivate(): Promise<void> {
  await models?.stop();
}
