/** Certificates of all ACAS Xu networks against 100,000 random points of the box that they are made for. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificates } from '../../src/core/passes/certificates/pass.js';
import { loadNativeEngine } from '../../src/node/native-engine.js';
import { ACAS_XU_BOX, openAcasXu, violations } from '../unit/passes/acasxu.js';
import { modelSubject } from '../unit/passes/file-subject.js';
import { sharedData } from '../unit/shared-data.js';

const folder = sharedData('acasxu');
const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.onnx'));

test.skipIf(folder === undefined).each(files)('%s: no point leaves its bounds', async (name) => {
  const model = openAcasXu(join(folder ?? '', name));
  const result = await certificates.examine(await modelSubject(model, {}, ACAS_XU_BOX));
  expect(result.answer).toContain('of 300 units can never fire for any input in the box');
  expect(await violations(await loadNativeEngine(), model, result)).toEqual([]);
});

test.skipIf(folder === undefined)('all 25 networks were there', () => {
  expect(files).toHaveLength(25);
});
