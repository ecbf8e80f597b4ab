/** The list “Model Findings”: what the last run of the model in front found, worst first; a click selects the place. */
import * as vscode from 'vscode';
import type { Severity } from '../../core/passes/result.js';
import type { Selection } from '../../protocol/selection.js';
import type { Audience, ModelSession } from '../session/session.js';
import { findingRows, findingsSummary, type FindingRow } from './finding-rows.js';
import type { ModelView } from './outline.js';
import { unfoldOnce } from './unfold-once.js';

/** Not in the palette: what a click on a row runs. A selection event would not come for a row that is selected already. */
const showFinding = 'modelInspector.showFinding';

const icons: Readonly<Record<Severity, vscode.ThemeIcon>> = {
  error: new vscode.ThemeIcon('error', new vscode.ThemeColor('problemsErrorIcon.foreground')),
  warning: new vscode.ThemeIcon('warning', new vscode.ThemeColor('problemsWarningIcon.foreground')),
  information: new vscode.ThemeIcon('info', new vscode.ThemeColor('problemsInfoIcon.foreground')),
};

export function createFindings(memory: vscode.Memento): ModelView {
  const changed = new vscode.EventEmitter<void>();
  let session: ModelSession | undefined;
  let leave: (() => void) | undefined;

  let rows: readonly FindingRow[] = [];
  const view = vscode.window.createTreeView<FindingRow>('modelInspector.findings', {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getChildren: (row) => (row === undefined ? [...rows] : []),
      getParent: () => undefined,
      getTreeItem: treeItem,
    },
  });
  const refresh = (): void => {
    const result = session?.model()?.result;
    rows = result === undefined ? [] : findingRows(result);
    view.description = result === undefined ? undefined : findingsSummary(result);
    changed.fire();
    void unfoldOnce(memory, view, rows[0]);
  };
  const audience: Audience = {
    tell(event) {
      if (event === 'stateChanged' || event === 'resultChanged' || event === 'workerLost') refresh();
    },
  };
  const subscriptions = [
    changed,
    view,
    vscode.commands.registerCommand(showFinding, (selection: Selection) => session?.select(selection, audience)),
  ];
  return {
    show(next) {
      if (next === session) return;
      leave?.();
      session = next;
      leave = next?.join(audience);
      refresh();
      void next?.open().then(refresh);
    },
    dispose() {
      leave?.();
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
}

function treeItem(row: FindingRow): vscode.TreeItem {
  const item = new vscode.TreeItem(row.sentence);
  item.id = row.id;
  item.description = row.where;
  item.tooltip = row.advice === undefined ? row.sentence : `${row.sentence}\n\n${row.advice}`;
  item.iconPath = icons[row.severity];
  item.accessibilityInformation = { label: `${row.severity}: ${row.sentence}` };
  item.command = { command: showFinding, title: 'Show in the model', arguments: [row.selection] };
  return item;
}
