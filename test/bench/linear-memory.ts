/** Peak memory of a linear reading against the bare forward of the same engine, each in a process of its own. */
import { prepareForLinearize } from '../../src/core/rewrite/linearize/prepare.js';
import { openGraphs } from '../../src/core/linear/system-graphs.js';
import { elementCount } from '../../src/core/tensor/tensor.js';
import { loadEngine, NETWORKS, openNetwork, type NetworkName } from './networks.js';
import { THREADS } from './observing.js';
import { report } from './timing.js';
import { peakMegabytes } from './peak-memory.js';

const LARGEST_RATIO = 3;
const NETWORK_NAMES: readonly NetworkName[] = ['resnet18', 'gpt2'];
const WHAT = ['forward', 'row'] as const;

export const LINEAR_MEMORY_RUNS = NETWORK_NAMES.flatMap((network) =>
  WHAT.map((what) => ({ name: `${network} ${what}`, run: () => peakOf(network, what) })),
);

async function peakOf(network: NetworkName, what: (typeof WHAT)[number]): Promise<number> {
  const { onnx, toRunnable } = await openNetwork(network);
  const engine = await loadEngine('native');
  const feeds = NETWORKS[network].feeds(1);
  if (what === 'forward') {
    const session = await engine.open(toRunnable(onnx.proto), { threads: THREADS });
    await session.run(feeds);
  } else {
    const model = { prepared: prepareForLinearize(onnx.proto), engine, threads: THREADS, toRunnable };
    const graphs = await openGraphs(model, { reading: 'frozen' }, feeds, undefined);
    await graphs.transpose(await graphs.coefficients(feeds), new Float32Array(elementCount(graphs.to.dims)).fill(1));
  }
  return peakMegabytes();
}

export async function measureLinearMemory(runAlone: (part: string) => unknown): Promise<boolean> {
  return NETWORK_NAMES.map((network) => {
    const [forward, row] = WHAT.map((what) => runAlone(`linear memory ${network} ${what}`) as number);
    const ratio = (row ?? NaN) / (forward ?? NaN);
    const detail = `${(row ?? NaN).toFixed(0)} MB and ${(forward ?? NaN).toFixed(0)} MB`;
    return report(`peak memory of a row / of the bare forward, ${network}`, ratio, LARGEST_RATIO, '×', detail);
  }).every(Boolean);
}
