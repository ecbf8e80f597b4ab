import { h, type ComponentChildren, type JSX } from 'preact';
import { Icon, type IconName } from './icon.js';

interface ButtonProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  readonly icon?: IconName;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly title?: string;
}

export function Button({
  onClick,
  children,
  icon,
  primary = false,
  disabled = false,
  title,
}: ButtonProps): JSX.Element {
  return h(
    'vscode-button',
    { appearance: primary ? 'primary' : 'secondary', disabled, onClick, title },
    icon === undefined ? null : h('span', { slot: 'start', class: 'button-icon' }, <Icon name={icon} />),
    children,
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  /** Says what the button does, on hover and to screen readers. */
  readonly label: string;
  readonly onClick: () => void;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
}

export function IconButton({ icon, label, onClick, pressed, disabled = false }: IconButtonProps): JSX.Element {
  return h(
    'vscode-button',
    {
      appearance: 'icon',
      'aria-label': label,
      'aria-pressed': pressed === undefined ? undefined : String(pressed),
      title: label,
      disabled,
      onClick,
      class: pressed === true ? 'pressed' : undefined,
    },
    <Icon name={icon} />,
  );
}

/** A small button that reads as text within text. */
export function TextButton({ onClick, children, title }: Omit<ButtonProps, 'icon' | 'primary'>): JSX.Element {
  return (
    <button type="button" class="text-button" onClick={onClick} title={title}>
      {children}
    </button>
  );
}
