/** Models that other people made, with their own inputs, through the interface that a person touches. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../scripts/lib/paths.mjs';
import { encodeNpy } from '../../src/core/formats/numpy/npy.js';
import type { VsCode } from './harness/vscode.js';
import type { ModelPage } from './model-page.js';
import { answerPath } from './model-page.js';
import { temporaryFolder, useVsCode } from './use-vscode.js';

const data = process.env.MODEL_INSPECTOR_DATA ?? resolve(repository, '../shared/data');
const models = [
  'vision-classification/mnist-8-cntk.onnx',
  'derived/resnet20-12fca82f.onnx',
  'acasxu/ACASXU_1_1.onnx',
  'audio/silero_vad_16k_op15.onnx',
  'derived/stories260K.onnx',
];
/** acasxu/ACASXU_1_1.onnx → ACASXU_1_1/ACASXU_1_1.onnx */
const folderOf = (path: string): string => {
  const name = path.split('/').at(-1) as string;
  return `${name.replace('.onnx', '')}/${name}`;
};
const missing = models.filter((path) => !existsSync(join(data, path)));

describe.skipIf(missing.length > 0)(
  `real models${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`,
  () => {
    const workspace = temporaryFolder('real');
    let code: VsCode;
    let page: ModelPage;

    beforeAll(() => {
      const copy = (from: string, to: string): void => {
        mkdirSync(join(workspace, to, '..'), { recursive: true });
        cpSync(join(data, from), join(workspace, to));
      };
      // Each in a folder of its own: a model's inputs are guessed from what lies beside it.
      for (const path of models) copy(path, folderOf(path));
      copy('datasets/mnist/t10k-images-idx3-ubyte.gz', 'mnist/images-idx3-ubyte.gz');
      for (const name of ['ort_cat_224x224.png', 'ort_dog.jpg', 'ort_daisy.jpg', 'ort_goldfish.jpg', 'sk_horse.png']) {
        copy(`datasets/photos/${name}`, `photos/${name}`);
      }
      writeFileSync(join(workspace, 'photos', 'broken.png'), 'this is no picture');
      // The reference tokens lie as a raw array; a person would have them as .npy.
      const index = JSON.parse(readFileSync(join(data, 'derived/io/index.json'), 'utf8')) as Record<string, unknown>;
      expect(Object.keys(index).length).toBeGreaterThan(0);
      const raw = readFileSync(join(data, 'derived/io/stories260K.onnx__in_tokens.bin'));
      const ids = new BigInt64Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
      writeFileSync(join(workspace, 'tokens.npy'), encodeNpy({ type: 'int64', dims: [1, ids.length], data: ids }));
    });
    useVsCode({ workspace }, (opened) => ({ code, page } = opened));

    const chooseInputs = async (entry: string, path: string): Promise<void> => {
      await code.runCommand('Model Inspector: Choose Inputs…');
      await code.quickPick(entry);
      await answerPath(code, path);
    };

    it('a digit classifier on MNIST’s own file', async () => {
      await code.openFile('mnist-8-cntk/mnist-8-cntk.onnx');
      await page.waitForText('SYNTHETIC');
      await chooseInputs('Array file…', join(workspace, 'mnist/images-idx3-ubyte.gz'));
      await page.waitForText('chosen');
      await page.run();
      const shown = await page.waitForText('on 200 inputs');
      expect(shown).not.toContain('SYNTHETIC');
      await page.openTab('heatmap');
      expect(await page.clickHeatmap(0.3, 0.06)).toMatch(/ReLU\d+, channel \d+/);
      await page.waitForExamples(3);
    });

    it('a CIFAR network on a folder of photos, one of them broken', async () => {
      await code.openFile('resnet20-12fca82f/resnet20-12fca82f.onnx');
      await page.waitForText('Choose Inputs…');
      await chooseInputs('Folder of images…', join(workspace, 'photos'));
      await page.waitForText(/photos/);
      await page.run();
      await page.waitForText('on 5 inputs');
      await page.waitForText('1 input skipped');
      await page.waitForText('Findings');
    });

    it('a collision-avoidance network on random inputs, and says that they are random', async () => {
      await code.openFile('ACASXU_1_1/ACASXU_1_1.onnx');
      await page.waitForText('SYNTHETIC');
      await page.run();
      await page.waitForText(/of 50 neurons never fired on 200 random inputs/);
    });

    it('and what it can never do, once a person states what its inputs can be', async () => {
      const answer = async (title: string, text: string): Promise<void> => {
        const asked = code.page.locator('.quick-input-widget', { hasText: title });
        await asked.locator('.quick-input-box input').fill(text);
        await code.page.keyboard.press('Enter');
        await asked.waitFor({ state: 'hidden' });
      };
      await page.openTab('passes');
      await (await page.locator('.pass-entry')).filter({ hasText: 'Certificates' }).first().click();
      await page.waitForText('it is not known what “input” can hold');
      await (await page.locator('vscode-button')).filter({ hasText: 'State Input Range…' }).first().click();
      await code.quickPick('input');
      await answer('Least value of input', '-0.3284, -0.5, -0.5, -0.5, -0.5');
      await answer('Largest value of input', '-0.2, -0.4, -0.4, -0.4, -0.4');
      const shown = await page.waitForText('“input” from -0.5 to -0.2, each element with ends of its own');
      expect(shown).toMatch(/\d+ of 300 (units|neurons)/);
      await code.screenshot('certificates stated range');
    });

    it('a recurrent speech detector with its state filled in', async () => {
      await code.openFile('silero_vad_16k_op15/silero_vad_16k_op15.onnx');
      await page.waitForText('always 16000');
      await page.run();
      await page.waitForText(/encoder\.3\.activation: \d+ of 128 channels/);
    });

    it('a Llama-style language model on token ids', async () => {
      await code.openFile('stories260K/stories260K.onnx');
      await page.waitForText('Choose Inputs…');
      await chooseInputs('Array file…', join(workspace, 'tokens.npy'));
      await page.waitForText('chosen');
      await page.run();
      await page.waitForText('on 1 input only');
      await page.openTab('passes');
      await page.waitForText('This rests on one input only.');
    });
  },
);
