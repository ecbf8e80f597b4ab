import type { BuildResult } from 'esbuild';

/** Writes page.js and page.css into a folder. */
export function buildPage(outDir: string, options?: { minify?: boolean }): Promise<BuildResult>;
