/** The tree “Model”: modules and layers of the model in front, selected together with the page. */
import * as vscode from 'vscode';
import type { Audience, ModelSession } from '../session/session.js';
import {
  decorate,
  outlineTree,
  rowOfSelection,
  selectionOfRow,
  type OutlineRow,
  type OutlineTree,
} from './outline-rows.js';
import { unfoldOnce } from './unfold-once.js';

export interface ModelView extends vscode.Disposable {
  /** Shows another model, or none. */
  show(session: ModelSession | undefined): void;
}

const colours = { none: undefined, some: 'charts.yellow', much: 'charts.red' } as const;
const nothing: OutlineTree = { roots: [], byId: new Map(), byLayer: new Map() };

export function createOutline(memory: vscode.Memento): ModelView {
  const changed = new vscode.EventEmitter<void>();
  let session: ModelSession | undefined;
  let leave: (() => void) | undefined;
  let tree = nothing;

  const view = vscode.window.createTreeView<OutlineRow>('modelInspector.outline', {
    showCollapseAll: true,
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getChildren: (row) => [...(row?.children ?? tree.roots)],
      getParent: (row) => row.parent,
      getTreeItem: (row) => treeItem(row, session),
    },
  });

  const refresh = (): void => {
    tree = outlineTree(session?.model()?.outline ?? []);
    changed.fire();
  };
  const revealSelection = (): void => {
    const row = session === undefined ? undefined : rowOfSelection(tree, session.selection());
    // Revealing in a hidden view would open it over what the person looks at.
    if (row === undefined || !view.visible || view.selection[0] === row) return;
    void Promise.resolve(view.reveal(row, { select: true, focus: false })).catch(() => undefined);
  };
  const audience: Audience = {
    tell(event) {
      if (event === 'selectionChanged') revealSelection();
      if (event === 'stateChanged' || event === 'resultChanged' || event === 'workerLost') refresh();
    },
  };

  const subscriptions = [
    changed,
    view,
    view.onDidChangeVisibility(revealSelection),
    view.onDidChangeSelection(({ selection: [row] }) => {
      if (row === undefined || session === undefined) return;
      const next = selectionOfRow(row, session.selection());
      if (next !== undefined) session.select(next, audience);
    }),
  ];
  return {
    show(next) {
      if (next === session) return;
      leave?.();
      session = next;
      leave = next?.join(audience);
      view.description = next?.fileName;
      refresh();
      void next?.open().then(() => {
        if (session !== next) return;
        refresh();
        revealSelection();
        void unfoldOnce(memory, view, tree.roots[0]);
      });
    },
    dispose() {
      leave?.();
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
}

function treeItem(row: OutlineRow, session: ModelSession | undefined): vscode.TreeItem {
  const { entry } = row;
  const state =
    row.children.length === 0
      ? vscode.TreeItemCollapsibleState.None
      : row.parent === undefined
        ? vscode.TreeItemCollapsibleState.Expanded
        : vscode.TreeItemCollapsibleState.Collapsed;
  const item = new vscode.TreeItem(entry.label, state);
  const decoration = decorate(row, session?.model()?.result);
  const colour = colours[decoration.level];
  item.id = entry.id;
  item.description = decoration.text === '' ? entry.detail : decoration.text;
  item.tooltip = [entry.label, entry.detail, decoration.text].filter((line) => line !== '').join('\n');
  item.iconPath = new vscode.ThemeIcon(
    entry.kind === 'module' ? 'symbol-namespace' : 'layers',
    colour === undefined ? undefined : new vscode.ThemeColor(colour),
  );
  item.accessibilityInformation = { label: `${entry.kind} ${entry.label} ${item.description}` };
  return item;
}
