/** Settings as the worker gets them: the editor warns of a wrong number, and hands it on all the same. */
import { expect, it, vi } from 'vitest';
import { readSettings } from '../../../src/host/settings.js';

const stated = vi.hoisted((): { value: unknown } => ({ value: undefined }));
vi.mock('vscode', () => ({
  workspace: {
    isTrusted: true,
    getConfiguration: () => ({
      get: (key: string, otherwise: unknown) =>
        key === 'allowedLossIncrease' && stated.value !== undefined ? stated.value : otherwise,
    }),
  },
}));

it.each([
  [undefined, 0.01],
  [5, 0.05],
  [0.01, 0.0001],
  [100, 1],
  [0, 0.01],
  [-3, 0.01],
  [101, 0.01],
  [NaN, 0.01],
  ['5', 0.01],
  [null, 0.01],
])('an allowed loss increase of %j percent', (value, share) => {
  stated.value = value;
  expect(readSettings({} as never, '/cache').allowedLossIncrease).toBeCloseTo(share, 12);
});
