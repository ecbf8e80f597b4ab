import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/harness/global-setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // One VS Code at a time: two would share two cores and time out.
    fileParallelism: false,
    pool: 'forks',
  },
});
