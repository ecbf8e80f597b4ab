import { expect, it } from 'vitest';
import { roleText } from '../../../../src/core/graph/roles/role-words.js';
import { layerPoints } from '../../../../src/core/graph/roles/points.js';

it('every role of a layer is told in words, beside its name where it has one', () => {
  const values = new Proxy({}, { get: (_, name) => String(name) });
  const layer = { index: 0, attention: values, mlp: values, attentionNorm: values, mlpNorm: values };
  const points = layerPoints({
    ...layer,
    residualBefore: 'a',
    residualMiddle: 'b',
    residualAfter: 'c',
    attentionAdds: 'd',
    mlpAdds: 'e',
  } as never);
  expect(points.length).toBeGreaterThan(15);
  for (const { role } of points) {
    expect(roleText(role)).toMatch(/^[A-Za-z]+ |^(query|key|value)$/);
    // What a column shows without cutting it.
    expect(roleText(role).length).toBeLessThan(36);
  }
  expect(roleText('resid_pre')).toBe('stream before layer (resid_pre)');
});
