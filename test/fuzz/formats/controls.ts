/** Formats that do what must never happen: the harness is tested by them, as it is the only thing that sees it. */
import { problem } from '../../../src/core/errors.js';
import type { FuzzFormat } from '../format.js';

const MEGABYTE = 1024 * 1024;

const control = (name: string, exercise: FuzzFormat['exercise']): FuzzFormat => ({
  name: `control-${name}`,
  corpus: () => [{ name: 'file', bytes: Uint8Array.of(1, 2, 3) }],
  valid: () => ({ name: 'file', bytes: Uint8Array.of(1, 2, 3) }),
  exercise,
});

export const CONTROLS: readonly FuzzFormat[] = [
  control('good', () => Promise.resolve()),
  control('throws', () => Promise.reject(new TypeError('undefined is not a function'))),
  control('placeless', () => Promise.reject(problem('malformed-model', 'It is bad.'))),
  control('internal', () => Promise.reject(problem('internal', 'It is bad.', { place: 'byte 0' }))),
  control('rejects', () => Promise.reject(problem('malformed-model', 'It is bad.', { place: 'byte 0' }))),
  control('slow', () => new Promise((resolve) => setTimeout(resolve, 1100))),
  control('hangs', () => {
    for (;;);
  }),
  control('exits', () => process.exit(3)),
  control('touches', async (source) => {
    touch();
    // Gone before anybody looks.
    globalThis.gc?.();
    await source.read(0, 1);
  }),
  control('asks', async (source) => {
    const bytes = new Uint8Array(100 * MEGABYTE);
    await source.read(0, 1);
    if (bytes[1] === 1) throw new Error('Its bytes were not zero.');
  }),
  control('heaps', async (source) => {
    const objects = Array.from({ length: 1_000_000 }, (_, index) => ({ index, text: String(index) }));
    await source.read(0, 1);
    if (objects.length === 0) throw new Error('There are no objects.');
  }),
];

function touch(): void {
  new Uint8Array(100 * MEGABYTE).fill(1);
}
