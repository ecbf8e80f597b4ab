/** A right click on a dictionary attaches it to a model, and tells whether and where it belongs there. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { writeIdentityDictionary } from '../unit/dictionary/identity-dictionary.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { useVsCode } from './use-vscode.js';

const DICTIONARY = 'grammar-gpt/dictionaries/blocks.1.hook_resid_post/sae_weights.safetensors';
let code: VsCode;
let page: ModelPage;
let workspace: string;

useVsCode(
  { workspace: join(repository, 'media/samples'), copy: true, browser: { viewport: { width: 1500, height: 1000 } } },
  (opened) => {
    ({ code, page } = opened);
    workspace = opened.server.workspace;
  },
);

it('“Attach to Model…” in the explorer, a model picked: where the dictionary fits best, with its FVU', async () => {
  await code.openExplorerContextMenu(DICTIONARY);
  expect(await code.explorer.menuLabels()).toContain('Attach to Model…');
  await code.screenshot('attach menu');
  await code.clickMenu('Attach to Model…');
  await code.quickInput.pick('grammar-gpt.onnx');
  await page.waitForText('position_embedd');
  await page.waitForResult();
  await page.waitForText(/“sae_weights\.safetensors” fits best at \/blocks\.1\/Add_1_output_0 .*: FVU 0\.\d+/);
  await code.screenshot('attach fits best');
  await page.openTab('passes');
  await page.waitForText('Explained variance, by every definition in use');
  await page.openTab('features');
  await page.waitForText('sae_weights.safetensors');
  await page.press('Run the dictionary');
  await page.waitForText('192 features');
  expect(code.webviewErrors).toEqual([]);
});

it('a dictionary for another model is refused with the widths that there are, whichever tab is shown', async () => {
  const folder = join(workspace, 'other');
  mkdirSync(folder);
  await writeIdentityDictionary(folder, 80, 'blocks.1.hook_resid_post');
  await code.openFile('other/sae_weights.safetensors');
  await page.waitForText('80 wide');
  await code.runCommand('Model Inspector: Attach to Model…');
  await code.quickInput.pick('grammar-gpt.onnx');
  await page.waitForText(/is for values 80 wide, and no value of this model is\. There are values .*96.* wide\./);
  await code.screenshot('attach other width');
});
