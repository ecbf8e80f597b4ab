/** Context keys that menus, keybindings and welcome texts ask for; they follow the model in front. */
import * as vscode from 'vscode';
import type { ModelSession } from './session/session.js';
import type { ModelView } from './views/outline.js';

export function followContextKeys(): ModelView {
  let session: ModelSession | undefined;
  let leave: (() => void) | undefined;
  const shown = new Map<string, boolean>();
  const set = (key: string, value: boolean): void => {
    if (shown.get(key) === value) return;
    shown.set(key, value);
    void vscode.commands.executeCommand('setContext', `modelInspector.${key}`, value);
  };
  const update = (): void => {
    set('running', session?.running() !== undefined);
    set('hasResult', session?.model()?.result !== undefined);
    set('hasFeatures', session?.hasFeatures() === true);
    set('unitSelected', session?.selection().unit !== undefined);
  };
  return {
    show(next) {
      leave?.();
      session = next;
      leave = next?.join({ tell: update });
      update();
      void next?.open().then(update);
    },
    dispose: () => leave?.(),
  };
}
