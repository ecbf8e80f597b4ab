/**
 * Certificates of all ACAS Xu networks, and of other ones, against 100,000 random points of their boxes. What is certified
 * dead is dead on each of them, and on MNIST’s pictures where these are the inputs.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificates } from '../../src/core/passes/certificates/pass.js';
import { loadNativeEngine } from '../../src/node/native-engine.js';
import { ACAS_XU_BOX, openAcasXu } from '../unit/passes/acasxu.js';
import { pointsOf, violations } from '../unit/passes/box-points.js';
import { BOXED, mnistPictures, openBoxed } from '../unit/passes/boxed-models.js';
import { modelSubject } from '../unit/passes/file-subject.js';
import { sharedData } from '../unit/shared-data.js';

const POINTS = 100_000;

const folder = sharedData('acasxu');
const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.onnx'));

test.skipIf(folder === undefined).each(files)('%s: no point leaves its bounds', async (name) => {
  const network = openAcasXu(join(folder ?? '', name));
  const result = await certificates.examine(await modelSubject(network.model, {}, ACAS_XU_BOX));
  expect(result.answer).toContain('of 300 units can never fire for any input in the box');
  expect(await violations(await loadNativeEngine(), network, result, pointsOf(network, POINTS))).toEqual([]);
});

test.skipIf(folder === undefined)('all 25 networks were there', () => {
  expect(files).toHaveLength(25);
});

test.for(BOXED)('$name: no point of 100,000 leaves its bounds', { timeout: 1_800_000 }, async (file, { skip }) => {
  const network = openBoxed(file) ?? skip(`needs ${file.path} of the shared data (MODEL_INSPECTOR_DATA)`);
  const result = await certificates.examine(await modelSubject(network.model, file.sizes, network.box));
  console.info(`${file.name}: ${result.answer}`);
  const engine = await loadNativeEngine();
  expect(await violations(engine, network, result, pointsOf(network, POINTS))).toEqual([]);
  const pictures = file.readsMnist === true ? mnistPictures() : undefined;
  if (pictures !== undefined) expect(await violations(engine, network, result, [pictures])).toEqual([]);
});
