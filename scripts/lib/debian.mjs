// Debian packages, where this is Debian and we are root: a fresh container, typically.
import { existsSync, readFileSync } from 'node:fs';
import { findProgram, run, say } from './process.mjs';

export function canInstallDebianPackages() {
  // Ubuntu is left out on purpose: its chromium package is a stub that asks for snap.
  const isDebian = existsSync('/etc/os-release') && /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'));
  return isDebian && process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
}

/**
 * Reports a failure and goes on: whoever asked looks at what is there afterwards.
 * @param {string[]} packages
 */
export async function installDebianPackages(packages) {
  say(`Installing Debian packages: ${packages.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const update = await run('apt-get', ['update', '--quiet=2'], { env });
  const options = ['--yes', '--quiet=2', '--no-install-recommends'];
  const install = await run('apt-get', ['install', ...options, ...packages], { env });
  if (install.code !== 0) {
    const why = update.code === 0 ? '' : ' (the package lists could not be refreshed either: is there a connection?)';
    say(`apt-get install failed${why}.`);
  }
}
