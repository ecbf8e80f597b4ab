import type * as vscode from 'vscode';

/**
 * VS Code adds views to the Explorer folded at its bottom, where nobody finds them. The first time ever that a tree has
 * something to show, it is unfolded; from then on it is as the person left it.
 */
export async function unfoldOnce<Row>(
  memory: vscode.Memento,
  view: vscode.TreeView<Row>,
  first: Row | undefined,
): Promise<void> {
  const key = `unfolded:${view.title ?? ''}`;
  if (first === undefined || memory.get<boolean>(key) === true) return;
  // It fails while no model is in front, because the view is not there at all; then the next time counts.
  await Promise.resolve(view.reveal(first, { select: false, focus: false })).catch(() => undefined);
  if (view.visible) await memory.update(key, true);
}
