import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/page/**/*.test.ts'],
    testTimeout: 60_000,
    // A busy machine draws late.
    expect: { poll: { timeout: 5_000 } },
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
