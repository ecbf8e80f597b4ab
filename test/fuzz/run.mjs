// `npm run fuzz`: opens hostile files of every format, other ones every time, for as long as one likes.
// Usage: node test/fuzz/run.mjs [--format safetensors,npz] [--seconds 60] [--seed 7]
import { runBundled } from '../../scripts/lib/run-bundled.mjs';

await runBundled('test/fuzz/cli.ts', '.cache/fuzz/cli.mjs');
