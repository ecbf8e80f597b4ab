// Programs that npm cannot bring: a browser, a search tool, a compiler. On Debian as root they are installed;
// everywhere else a person is told what is missing, what it is for, and how to get it.
import { existsSync } from 'node:fs';
import { findBrowser } from './browser.mjs';
import { canInstallDebianPackages, installDebianPackages } from './debian.mjs';
import { findProgram, say } from './process.mjs';

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {() => boolean} isThere
 * @property {string[]} debianPackages
 * @property {string} purpose what does not work without it
 * @property {string} advice how to get it where Debian's packages are not at hand
 */

/** @type {Record<'browser' | 'search' | 'compiler' | 'fonts', Tool>} */
const tools = {
  browser: {
    name: 'Chromium or Chrome',
    isThere: () => findBrowser() !== undefined,
    debianPackages: ['chromium'],
    purpose: 'the tests in a browser',
    advice: 'install Chromium or Google Chrome, or set MODEL_INSPECTOR_BROWSER to the program',
  },
  search: {
    name: 'ripgrep (rg)',
    isThere: () => findProgram('rg') !== undefined,
    debianPackages: ['ripgrep'],
    purpose: "file search in VS Code's server",
    advice: 'install ripgrep (https://github.com/BurntSushi/ripgrep#installation)',
  },
  compiler: {
    name: 'a C++ compiler, make and Python 3',
    isThere: () => ['make', 'python3'].every(findProgram) && ['g++', 'clang++', 'c++'].some(findProgram),
    debianPackages: ['g++', 'make', 'python3'],
    purpose: "logs and terminals in VS Code's server",
    advice: 'macOS: xcode-select --install; Linux: the packages g++, make and python3',
  },
  fonts: {
    name: 'DejaVu fonts',
    isThere: () => process.platform !== 'linux' || existsSync('/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'),
    debianPackages: ['fonts-dejavu-core'],
    purpose: 'readable text in screenshots',
    advice: 'install a font such as DejaVu; tests pass with any font',
  },
};

/** @typedef {keyof typeof tools} ToolName */

/**
 * @param {ToolName[]} names
 * @returns {Promise<Tool[]>} those that are still missing, each already named with its cure
 */
export async function ensureTools(names) {
  const wanted = names.map((name) => tools[name]);
  if (wanted.some((tool) => !tool.isThere()) && canInstallDebianPackages()) {
    await installDebianPackages(wanted.filter((tool) => !tool.isThere()).flatMap((tool) => tool.debianPackages));
  }
  const missing = wanted.filter((tool) => !tool.isThere());
  for (const tool of missing) say(`Missing: ${tool.name}, for ${tool.purpose}.\n  -> ${tool.advice}`);
  return missing;
}
