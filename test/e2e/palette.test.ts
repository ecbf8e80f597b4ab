/** Commands when no model is open, the samples, and the walkthrough: what a new user meets first. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { until } from './harness/until.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const workspace = temporaryFolder('new');
let code: VsCode;
let page: ModelPage;

beforeAll(() => {
  cpSync(join(repository, 'media/samples/shapes/shapes-resnet.onnx'), join(workspace, 'net.onnx'));
});
useVsCode({ workspace }, (opened) => ({ code, page } = opened));

it('the walkthrough takes a new user through the first steps', async () => {
  await code.runCommand('Welcome: Open Walkthrough...');
  await code.quickPick('Get started with Model Inspector');
  await code.page.locator('.getting-started-step', { hasText: 'sample' }).first().waitFor();
});

it('“Explain One Input” leads to the linear interpreter', async () => {
  await code.openFile('net.onnx');
  await page.waitForText('Choose Inputs…');
  await code.runCommand('Model Inspector: Explain One Input');
  await page.waitForText('Votes and biases add up to what the network computed');
});

it('“Inspect Model” asks for a file where no model is open', async () => {
  await code.runCommand('View: Close All Editors');
  await code.runCommand('Model Inspector: Inspect Model');
  await answerPath(code, join(workspace, 'net.onnx'));
  await page.waitForText(/Opset\s+17/);
});

it('a model without inputs beside it says that they are random, before and after the run', async () => {
  await page.waitForText('SYNTHETIC');
  await page.run();
  await page.waitForText(/on 200 random inputs/);
});

it('“Open Sample Workspace” copies the samples to where the person wants them', async () => {
  await code.runCommand('Model Inspector: Open Sample Workspace');
  await code.quickPick('Another folder…');
  await answerPath(code, workspace);
  const copied = join(workspace, 'model-inspector-samples');
  await until('the samples', async () => existsSync(join(copied, 'shapes/shapes-resnet.onnx')));
  expect(existsSync(join(copied, 'grammar-gpt/tokenizer.json'))).toBe(true);
});
