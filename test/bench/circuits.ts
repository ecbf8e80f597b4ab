import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MOST_FEATURES } from '../../src/protocol/circuits.js';
import { createInspection } from '../../src/worker/inspection.js';
import { loadEngine } from './networks.js';
import { note, report, timeInTurn } from './timing.js';

/** issue: the whole graph of a 64-token prompt on the sample model within 5 seconds on two cores, with progress. */
const TARGET_MILLISECONDS = 5000;
/** Beside what the machine can do: a row of the graph is the network backwards once, which takes about as long as a forward. */
const TARGET_FORWARDS_PER_ROW = 1;
const [TOKENS, THREADS, MOST_TURNS_SECONDS] = [64, 2, 60];

const MEDIA = fileURLToPath(new URL('../../media/', import.meta.url));
const SAMPLE = join(MEDIA, 'samples/grammar-gpt');

/** Every feature of every transcoder is a node; nothing is left out. */
export async function measureCircuits(seconds: number): Promise<boolean> {
  const inspection = createInspection({
    wasmFolder: fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url)),
    dataFolder: MEDIA,
    events: {
      runProgress: async () => undefined,
      fileResultChanged: async () => undefined,
      log: async () => undefined,
    },
  });
  const path = join(SAMPLE, 'grammar-gpt.onnx');
  const engine = await loadEngine('native');
  const forward = await engine.open(
    { bytes: readFileSync(path), externalFiles: [], folder: SAMPLE },
    { threads: THREADS },
  );
  try {
    await inspection.open({
      path,
      recipePaths: 'anywhere',
      transcoders: { paths: [join(SAMPLE, 'dictionaries')], answers: {} },
      settings: { engine: 'native', threads: THREADS, defaultInputs: 4, limit: 4, cacheMegabytes: 0 },
    });
    const ids = { type: 'int64', dims: [1, TOKENS], data: new BigInt64Array(TOKENS).fill(7n) } as const;
    let told = 0;
    let rows = 0;
    const times = await timeInTurn(
      {
        forward: () => forward.run({ input_ids: ids }),
        async circuit() {
          told = 0;
          const answer = await inspection.circuit(
            { input: { kind: 'input', index: 0 }, target: { kind: 'likely' }, maximumFeatures: MOST_FEATURES },
            undefined,
            () => told++,
          );
          if (answer.tokens.length !== TOKENS || answer.leftOut > 0) throw new Error('This is not the whole graph.');
          rows = answer.active + answer.outputs.length;
        },
      },
      Math.min(seconds, MOST_TURNS_SECONDS),
    );
    note(
      `grammar-gpt, ${TOKENS} tokens, ${rows} rows of features and outputs, ${THREADS} threads; progress told ${told} times; forward ${times.forward.wall.toFixed(2)} ms, median`,
    );
    const aside = `CPU time ${times.circuit.cpu.toFixed(0)} ms`;
    const isQuick = report('whole graph of a circuit', times.circuit.wall, TARGET_MILLISECONDS, 'ms', aside);
    const forwards = times.circuit.wall / times.forward.wall / rows;
    const isLean = report('the same / (forwards × rows)', forwards, TARGET_FORWARDS_PER_ROW);
    return isQuick && isLean && told > 1;
  } finally {
    await forward.release();
    await inspection.close({});
  }
}
