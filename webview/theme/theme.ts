/** VS Code's theme as canvases and charts need it: read from the theme variables, again whenever the theme changes. */
import { signal } from '@preact/signals';

export interface Theme {
  readonly dark: boolean;
  readonly highContrast: boolean;
  readonly fontFamily: string;
  readonly foreground: string;
  readonly muted: string;
  readonly background: string;
  readonly raised: string;
  readonly border: string;
  readonly focus: string;
  readonly grid: string;
  /** Cells and boxes without a value. */
  readonly absent: string;
  /** Lines of a chart, in order. */
  readonly series: readonly string[];
}

export const theme = signal<Theme>(readTheme());

/** Follows theme changes: VS Code replaces the classes of the body. */
export function followTheme(): void {
  new MutationObserver(() => {
    theme.value = readTheme();
  }).observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  theme.value = readTheme();
}

function readTheme(): Theme {
  const styles = getComputedStyle(document.body);
  const variable = (...names: readonly string[]): string => {
    for (const name of names) {
      const value = styles.getPropertyValue(`--vscode-${name}`).trim();
      if (value !== '') return value;
    }
    return styles.color;
  };
  const { classList } = document.body;
  const highContrast = classList.contains('vscode-high-contrast') || classList.contains('vscode-high-contrast-light');
  const dark = !classList.contains('vscode-light') && !classList.contains('vscode-high-contrast-light');
  const background = variable('editor-background');
  const gridStrength = highContrast ? 0.3 : 0.09;
  return {
    dark,
    highContrast,
    fontFamily: variable('font-family'),
    foreground: variable('editor-foreground', 'foreground'),
    muted: variable('descriptionForeground', 'foreground'),
    background,
    raised: variable('editorWidget-background', 'editor-background'),
    border: highContrast
      ? variable('contrastBorder')
      : variable('widget-border', 'panel-border', 'editorWidget-border'),
    focus: variable('focusBorder', 'contrastActiveBorder'),
    grid: dark ? `rgb(255 255 255 / ${gridStrength})` : `rgb(0 0 0 / ${gridStrength})`,
    absent: dark ? 'rgb(128 128 128 / 0.28)' : 'rgb(128 128 128 / 0.22)',
    series: [
      variable('charts-blue'),
      variable('charts-orange'),
      variable('charts-green'),
      variable('charts-purple'),
      variable('charts-red'),
      // Last: in light themes it is nearly the orange.
      variable('charts-yellow'),
    ],
  };
}
