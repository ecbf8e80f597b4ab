/** VS Code's default themes as far as the page reads them. */
export type ThemeName = 'dark' | 'light' | 'hc-dark' | 'hc-light';

const THEME_CLASSES: Readonly<Record<ThemeName, string>> = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  'hc-dark': 'vscode-high-contrast',
  'hc-light': 'vscode-high-contrast-light vscode-high-contrast',
};

const FONTS = {
  'font-family': 'system-ui, "Ubuntu", "Droid Sans", sans-serif',
  'font-size': '13px',
  'font-weight': 'normal',
  'editor-font-family': '"Droid Sans Mono", monospace',
};

const DARK = {
  foreground: '#cccccc', descriptionForeground: '#9d9d9d', disabledForeground: 'rgba(204,204,204,0.5)', focusBorder: '#0078d4',
  'editor-background': '#1f1f1f', 'editor-foreground': '#cccccc', 'editorWidget-background': '#202020', 'editorWidget-border': '#454545',
  'widget-border': '#313131', 'widget-shadow': 'rgba(0,0,0,0.36)', 'panel-border': '#2b2b2b', 'sideBar-background': '#181818',
  'panelTitle-activeBorder': '#0078d4', 'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-hoverBackground': '#026ec1',
  'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c',
  'badge-background': '#616161', 'badge-foreground': '#f8f8f8', 'dropdown-background': '#313131', 'dropdown-border': '#3c3c3c',
  'dropdown-foreground': '#cccccc', 'input-background': '#313131', 'input-foreground': '#cccccc', 'checkbox-background': '#313131',
  'checkbox-border': '#3c3c3c', 'checkbox-foreground': '#cccccc', 'list-hoverBackground': '#2a2d2e', 'list-activeSelectionBackground': '#04395e',
  'list-activeSelectionForeground': '#ffffff', 'list-inactiveSelectionBackground': '#37373d', 'textLink-foreground': '#4daafc',
  'textLink-activeForeground': '#4daafc', 'editorError-foreground': '#f14c4c', 'editorWarning-foreground': '#cca700',
  'editorInfo-foreground': '#3794ff', errorForeground: '#f85149', 'charts-blue': '#3794ff', 'charts-orange': '#d18616', 'charts-green': '#89d185',
  'charts-purple': '#b180d7', 'charts-yellow': '#cca700', 'charts-red': '#f14c4c', 'editorHoverWidget-background': '#202020',
  'editorHoverWidget-border': '#454545', 'editorHoverWidget-foreground': '#cccccc', 'progressBar-background': '#0078d4',
  'testing-iconPassed': '#73c991', 'textBlockQuote-background': '#2b2b2b', 'toolbar-activeBackground': 'rgba(99,102,103,0.31)', 'sash-hoverBorder': '#0078d4',
}; // prettier-ignore

const LIGHT = {
  ...DARK,
  foreground: '#3b3b3b', descriptionForeground: '#6e6e6e', disabledForeground: 'rgba(97,97,97,0.5)', focusBorder: '#005fb8',
  'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b', 'editorWidget-background': '#f8f8f8', 'editorWidget-border': '#c8c8c8',
  'widget-border': '#e5e5e5', 'widget-shadow': 'rgba(0,0,0,0.16)', 'panel-border': '#e5e5e5', 'sideBar-background': '#f8f8f8',
  'panelTitle-activeBorder': '#005fb8', 'button-background': '#005fb8', 'button-hoverBackground': '#0258a8', 'button-secondaryBackground': '#e5e5e5',
  'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b',
  'dropdown-background': '#ffffff', 'dropdown-border': '#cecece', 'dropdown-foreground': '#3b3b3b', 'input-background': '#ffffff',
  'input-foreground': '#3b3b3b', 'checkbox-background': '#f8f8f8', 'checkbox-border': '#cecece', 'checkbox-foreground': '#3b3b3b',
  'list-hoverBackground': '#f2f2f2', 'list-activeSelectionBackground': '#e8e8e8', 'list-activeSelectionForeground': '#000000',
  'list-inactiveSelectionBackground': '#e4e6f1', 'textLink-foreground': '#005fb8', 'textLink-activeForeground': '#005fb8',
  'editorError-foreground': '#e51400', 'editorWarning-foreground': '#bf8803', 'editorInfo-foreground': '#1a85ff', 'charts-blue': '#1a85ff',
  'charts-green': '#388a34', 'charts-purple': '#652d90', 'charts-yellow': '#bf8803', 'charts-red': '#e51400', 'testing-iconPassed': '#388a34',
  'editorHoverWidget-background': '#f8f8f8', 'editorHoverWidget-border': '#c8c8c8', 'editorHoverWidget-foreground': '#3b3b3b',
  'textBlockQuote-background': '#f8f8f8', 'progressBar-background': '#005fb8', 'sash-hoverBorder': '#005fb8',
}; // prettier-ignore

const HC_DARK = {
  foreground: '#ffffff', descriptionForeground: 'rgba(255,255,255,0.7)', disabledForeground: '#a5a5a5', focusBorder: '#f38518',
  contrastBorder: '#6fc3df', contrastActiveBorder: '#f38518', 'editor-background': '#000000', 'editor-foreground': '#ffffff',
  'editorWidget-background': '#0c141f', 'editorWidget-border': '#6fc3df', 'panel-border': '#6fc3df', 'sideBar-background': '#000000',
  'panelTitle-activeBorder': '#6fc3df', 'button-foreground': '#ffffff', 'button-border': '#6fc3df', 'button-secondaryForeground': '#ffffff',
  'badge-background': '#000000', 'badge-foreground': '#ffffff', 'dropdown-background': '#000000', 'dropdown-border': '#6fc3df',
  'dropdown-foreground': '#ffffff', 'input-background': '#000000', 'input-foreground': '#ffffff', 'checkbox-background': '#000000',
  'checkbox-border': '#6fc3df', 'checkbox-foreground': '#ffffff', 'list-hoverBackground': 'rgba(255,255,255,0.1)', 'textLink-foreground': '#21a6ff',
  'textLink-activeForeground': '#21a6ff', 'editorError-foreground': '#f48771', 'editorWarning-foreground': '#ffd370', 'editorInfo-foreground': '#3794ff',
  errorForeground: '#f48771', 'charts-blue': '#3794ff', 'charts-orange': '#d18616', 'charts-green': '#89d185', 'charts-purple': '#b180d7',
  'charts-yellow': '#ffd370', 'charts-red': '#f48771', 'editorHoverWidget-background': '#0c141f', 'editorHoverWidget-border': '#6fc3df',
  'editorHoverWidget-foreground': '#ffffff', 'progressBar-background': '#6fc3df', 'testing-iconPassed': '#73c991',
}; // prettier-ignore

const HC_LIGHT = {
  ...HC_DARK,
  foreground: '#292929', descriptionForeground: 'rgba(41,41,41,0.7)', disabledForeground: '#7f7f7f', focusBorder: '#006bbd',
  contrastBorder: '#0f4a85', contrastActiveBorder: '#006bbd', 'editor-background': '#ffffff', 'editor-foreground': '#292929',
  'editorWidget-background': '#ffffff', 'editorWidget-border': '#0f4a85', 'panel-border': '#0f4a85', 'sideBar-background': '#ffffff',
  'panelTitle-activeBorder': '#b5200d', 'button-background': '#0f4a85', 'button-foreground': '#ffffff', 'button-border': '#0f4a85',
  'button-secondaryBackground': '#ffffff', 'button-secondaryForeground': '#292929', 'badge-background': '#0f4a85', 'badge-foreground': '#ffffff',
  'dropdown-background': '#ffffff', 'dropdown-border': '#0f4a85', 'dropdown-foreground': '#292929', 'input-background': '#ffffff',
  'input-foreground': '#292929', 'checkbox-background': '#ffffff', 'checkbox-border': '#0f4a85', 'checkbox-foreground': '#292929',
  'list-hoverBackground': 'rgba(15,74,133,0.1)', 'textLink-foreground': '#0f4a85', 'textLink-activeForeground': '#0f4a85',
  'editorError-foreground': '#b5200d', 'editorWarning-foreground': '#895503', 'editorInfo-foreground': '#1a85ff', errorForeground: '#b5200d',
  'charts-blue': '#1a85ff', 'charts-green': '#374e06', 'charts-purple': '#652d90', 'charts-yellow': '#895503', 'charts-red': '#b5200d',
  'editorHoverWidget-background': '#ffffff', 'editorHoverWidget-border': '#0f4a85', 'editorHoverWidget-foreground': '#292929',
  'progressBar-background': '#0f4a85', 'testing-iconPassed': '#007100',
}; // prettier-ignore

const VARIABLES: Readonly<Record<ThemeName, Readonly<Record<string, string>>>> = {
  dark: DARK,
  light: LIGHT,
  'hc-dark': HC_DARK,
  'hc-light': HC_LIGHT,
};

/** As VS Code does it: variables on the root element, classes on the body. */
export function applyTheme(name: ThemeName): void {
  const root = document.documentElement.style;
  root.cssText = '';
  for (const [variable, value] of Object.entries({ ...FONTS, ...VARIABLES[name] })) {
    root.setProperty(`--vscode-${variable}`, value);
  }
  document.body.className = THEME_CLASSES[name];
  document.body.dataset['vscodeThemeKind'] = THEME_CLASSES[name].split(' ')[0];
}
