/** One choice of a menu that a popover shows. */
import type { JSX } from 'preact';

interface MenuItemProps {
  readonly label: string;
  readonly title?: string;
  readonly onChoose: () => void;
}

export function MenuItem({ label, title, onChoose }: MenuItemProps): JSX.Element {
  return (
    <button type="button" class="menu-item" role="menuitem" title={title} onClick={onChoose}>
      {label}
    </button>
  );
}
