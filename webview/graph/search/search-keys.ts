import { useEffect } from 'preact/hooks';
import { goToMatch } from '../../state/search.js';

/** Ctrl+F (⌘F) and "/" lead to the search from anywhere on the page, F3 from match to match. */
export function useSearchKeys(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const isFind = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key === 'f';
      if (isFind || (event.key === '/' && !isTyping(event.target))) {
        input.current?.focus();
        input.current?.select();
      } else if (event.key === 'F3') goToMatch(event.shiftKey ? -1 : 1);
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}

/** Whether keys are text where the focus is. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(input|textarea|select|vscode-text-field|vscode-dropdown)$/i.test(target.tagName))
  );
}
