import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { passes } from '../../src/core/passes/registry.js';
import { NETWORKS, openNetwork, type NetworkName } from './networks.js';
import { THREADS, watching } from './observing.js';
import { note, report, timeInTurn } from './timing.js';

/** Debian's interpreter, for which python3-torch is packaged. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('../../test/bench/torch_hooks.py', import.meta.url));
const TARGET = 1;

/** Our run of all passes against PyTorch with forward hooks that compute the same statistics, in turn. */
export async function measureTorch(seconds: number): Promise<boolean> {
  if (spawnSync(PYTHON, ['-c', 'import torch']).status !== 0) {
    note(`skipped: ${PYTHON} has no torch (Debian: apt-get install python3-torch)`);
    return true;
  }
  let met = true;
  for (const network of Object.keys(NETWORKS) as NetworkName[]) {
    const torch = startTorch(network);
    const file = await openNetwork(network);
    const ours = await watching(file, network, 'native', file.layers, passes);
    const times = await timeInTurn({ ours, torch: torch.step }, seconds);
    torch.stop();
    note(
      `${network}: ${times.ours.wall.toFixed(0)} ms native, ${times.torch.wall.toFixed(0)} ms PyTorch with hooks, per batch`,
    );
    met =
      report(
        `${network}: all passes, native / PyTorch with forward hooks`,
        times.ours.wall / times.torch.wall,
        TARGET,
      ) && met;
  }
  return met;
}

/** A PyTorch process that runs one batch per line that it is sent. */
function startTorch(network: NetworkName): { step(): Promise<void>; stop(): void } {
  const child = spawn(PYTHON, [SCRIPT, network, String(THREADS)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async step() {
      child.stdin.write('step\n');
      if ((await lines.next()).done) throw new Error('The PyTorch process ended early.');
    },
    stop: () => child.stdin.end(),
  };
}
