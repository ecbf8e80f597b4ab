import { packagedExtension } from '../../../scripts/lib/paths.mjs';
import { installVsCodeServer } from '../../../scripts/lib/vscode-server.mjs';

/** Once per run, where no test's time limit counts: the server takes half a minute to install the first time. */
export async function setup(): Promise<void> {
  packagedExtension();
  await installVsCodeServer();
}
