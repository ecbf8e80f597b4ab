// `npm run bench`: measures speed and memory, each number beside what it is compared with and its target.
// Usage: node test/bench/run.mjs [name of a measurement]... [--seconds N]
import { runBundled } from '../../scripts/lib/run-bundled.mjs';

await runBundled('test/bench/bench.ts', '.cache/bench/bench.mjs', { counting: 'src/node/counting/thread.ts' });
