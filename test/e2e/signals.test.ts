/** Signal propagation and massive activations, on a language model reading stories and on a deep residual network. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const data = process.env.MODEL_INSPECTOR_DATA ?? resolve(repository, '../shared/data');
const needed = [
  'derived/stories260K.onnx',
  'derived/stories260K.tokenizer.json',
  'derived/resnet56-4bfd9763.onnx',
  'datasets/text/stories260K_samples_dev.txt',
];
const missing = needed.filter((path) => !existsSync(join(data, path)));

describe.skipIf(missing.length > 0)(
  `signals in depth${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`,
  () => {
    const workspace = temporaryFolder('signals');
    let code: VsCode;
    let page: ModelPage;

    beforeAll(() => {
      for (const folder of ['stories', 'resnet']) mkdirSync(join(workspace, folder));
      cpSync(join(data, 'derived/stories260K.onnx'), join(workspace, 'stories/stories.onnx'));
      cpSync(join(data, 'derived/stories260K.tokenizer.json'), join(workspace, 'stories/tokenizer.json'));
      cpSync(join(data, 'derived/resnet56-4bfd9763.onnx'), join(workspace, 'resnet/resnet56.onnx'));
      // The corpus writes a line break as the name of its token.
      const stories = readFileSync(join(data, 'datasets/text/stories260K_samples_dev.txt'), 'utf8');
      writeFileSync(join(workspace, 'stories/stories.txt'), stories.replaceAll('<0x0A>', '\n'));
      writeFileSync(
        join(workspace, 'stories/stories.inspect.json'),
        JSON.stringify({
          version: 1,
          inputs: { tokens: { source: 'text', path: 'stories.txt', length: 128 } },
          tokenizer: 'tokenizer.json',
        }),
      );
    });
    useVsCode({ workspace }, (opened) => ({ code, page } = opened));

    const openPass = async (title: string): Promise<void> => {
      await page.openTab('passes');
      await (await page.locator('.pass-entry')).filter({ hasText: title }).first().click();
      await (await page.locator('article.pass h2')).filter({ hasText: title }).waitFor();
    };

    it('of a language model on stories', async () => {
      await code.openFile('stories/stories.onnx');
      await page.waitForText('stories.txt');
      await page.run();
      await openPass('Signal propagation');
      const propagation = await page.waitForText(/Over 10 residual blocks, average channel variance goes from/);
      expect(propagation).toContain('layers.4 feed-forward');
      await code.screenshot('signals stories propagation');
      await openPass('Massive activations');
      await page.waitForText('No entry of the residual stream is massive');
      await code.screenshot('signals stories massive');
      await (await page.locator('article.pass table')).last().scrollIntoViewIfNeeded();
      await code.screenshot('signals stories massive tables');
    });

    it('of a residual network of 27 blocks, whose feature maps are no stream', async () => {
      await code.openFile('resnet/resnet56.onnx');
      await page.waitForText('SYNTHETIC');
      await page.run();
      await openPass('Signal propagation');
      await page.waitForText(/Over 27 residual blocks, average channel variance goes from .* random inputs/);
      await code.screenshot('signals resnet56 propagation');
      await openPass('Massive activations');
      await page.waitForText('convolutions over feature maps');
    });
  },
);
