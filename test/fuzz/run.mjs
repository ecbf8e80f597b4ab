// `npm run fuzz`: opens hostile files of every format, other ones every time, for as long as one likes.
// Usage: node test/fuzz/run.mjs [--format safetensors,npz] [--seconds 60] [--seed 7]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outfile = `${root}.cache/fuzz/cli.mjs`;
await build({
  entryPoints: [`${root}test/fuzz/cli.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
});
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
