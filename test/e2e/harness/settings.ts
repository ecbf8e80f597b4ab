/** Names of VS Code's built-in themes in settings, and in the list that a person picks from. */
const themeLabels = {
  'Default Dark Modern': 'Dark Modern',
  'Default Light Modern': 'Light Modern',
  'Default High Contrast': 'Dark High Contrast',
  'Default High Contrast Light': 'Light High Contrast',
} as const;

export type ThemeName = keyof typeof themeLabels;

export const themeNames = Object.keys(themeLabels) as ThemeName[];

export function labelOfTheme(name: ThemeName): string {
  return themeLabels[name];
}

export type Settings = Record<string, unknown>;

/** A VS Code in which nothing moves, asks or calls home that the tests did not ask for. */
export const quietSettings: Settings = {
  'workbench.colorTheme': 'Default Dark Modern' satisfies ThemeName,
  'window.autoDetectColorScheme': false,
  'window.autoDetectHighContrast': false,
  'workbench.reduceMotion': 'on',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'explorer.compactFolders': false,
  'git.enabled': false,
};
