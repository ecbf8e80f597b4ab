/** Bundles the page: one script and one stylesheet, as its content security policy demands. */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The control library finds out whether the browser knows :focus-visible by adding a <style> element, which our content
 * security policy refuses; it would then fall back to :focus. Every VS Code we support knows it.
 *
 * @type {import('esbuild').Plugin}
 */
const focusVisibleIsKnown = {
  name: 'focus-visible-is-known',
  setup(build) {
    build.onLoad({ filter: /fast-foundation[\\/]dist[\\/]esm[\\/]utilities[\\/]style[\\/]focus\.js$/ }, () => ({
      contents: "export const focusVisible = 'focus-visible';",
    }));
  },
};

/**
 * Writes page.js and page.css.
 *
 * @param {string} outDir folder for the two files
 * @param {{ minify?: boolean }} [options]
 * @returns {Promise<import('esbuild').BuildResult>}
 */
export function buildPage(outDir, { minify = true } = {}) {
  return build({
    absWorkingDir: root,
    entryPoints: { page: 'webview/main.tsx' },
    outdir: outDir,
    bundle: true,
    format: 'iife',
    // Chromium of the oldest VS Code in package.json's engines (1.90).
    target: 'chrome122',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' },
    minify,
    sourcemap: minify ? false : 'inline',
    legalComments: 'none',
    plugins: [focusVisibleIsKnown],
    metafile: true,
    logLevel: 'warning',
  });
}
