// Desktop VS Code, where there is one that can open a window here.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './process.mjs';

const macBundle = 'Applications/Visual Studio Code.app/Contents/Resources/app/bin/code';

/**
 * @returns {string | undefined} the `code` command, unless it could not open a window
 */
export function findDesktopVsCode() {
  // In a remote terminal `code` talks to a window on another machine, which cannot load an extension from here.
  if (process.env.VSCODE_IPC_HOOK_CLI) return undefined;
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return undefined;
  // Desktop VS Code refuses to run as root.
  if (process.getuid?.() === 0) return undefined;
  const macPlaces = ['/', homedir()].map((base) => join(base, macBundle));
  return (
    findProgram('code') ?? (process.platform === 'darwin' ? macPlaces.find((path) => existsSync(path)) : undefined)
  );
}
