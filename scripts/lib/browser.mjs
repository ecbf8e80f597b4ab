// The browser that the end-to-end tests drive: one that is installed on the machine, never a downloaded one.
import { existsSync } from 'node:fs';
import { findProgram } from './process.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];

const usualPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/**
 * @returns {string | undefined} MODEL_INSPECTOR_BROWSER where it is set, else the first Chromium or Chrome found
 */
export function findBrowser() {
  const chosen = process.env.MODEL_INSPECTOR_BROWSER;
  if (chosen) return existsSync(chosen) ? chosen : findProgram(chosen);
  for (const name of names) {
    const program = findProgram(name);
    if (program) return program;
  }
  return usualPlaces.find((path) => existsSync(path));
}
