import { loadavg } from 'node:os';
import { floatValues } from '../../src/core/graph/float-values.js';
import { layersOfEveryValue } from '../../src/core/graph/layer-detection.js';
import type { ActivationLayer } from '../../src/core/graph/layers.js';
import type { EngineName, Session } from '../../src/core/engine/engine.js';
import type { Pass } from '../../src/core/passes/pass.js';
import { passes } from '../../src/core/passes/registry.js';
import { watchedBy } from '../../src/core/passes/watched.js';
import type { Observation, ObservedBatch } from '../../src/core/rewrite/observation.js';
import { observe } from '../../src/core/rewrite/observe.js';
import { probeLayers } from '../../src/core/rewrite/probe.js';
import { prune } from '../../src/core/rewrite/prune.js';
import type { Network } from '../../src/worker/open-model.js';
import { endlessExamples, loadEngine, openNetwork, NETWORKS, type NetworkName } from './networks.js';
import { note, reportRatio, timeInTurn, type Turn } from './timing.js';

export const THREADS = 2;

/** issue: all statistics of zero and magnitude sparsity that come from watching the network as it is. */
const SPARSITY = ['zero-sparsity', 'shifted-relu', 'core-neurons'];
const SPARSITY_TARGET = 1.5;
/** issue: cost of all passes over the bare forward of the same engine. */
const TARGETS = { native: { layers: 1.5, every: 1.6 }, wasm: { layers: 1.5, every: 1.3 } };
const TOGETHER_TARGET = 1.1;

/** One batch through a network with passes watching: forward, reading and folding, as the run loop does it. */
export async function watching(
  file: Network,
  network: NetworkName,
  engineName: EngineName,
  layers: readonly ActivationLayer[],
  chosen: readonly Pass<unknown>[],
): Promise<() => Promise<void>> {
  const engine = await loadEngine(engineName);
  const { feeds, batch } = NETWORKS[network];
  const { proto } = file.onnx;
  const dataset = endlessExamples(network);
  const watching = watchedBy(chosen, { graph: file.graph, layers });
  const probe = await probeLayers({
    ...file,
    engine,
    threads: THREADS,
    layers: [...layers, ...watching.values],
    dataset,
  });
  const watched = watching.by(probe.layers);
  const isLayer = new Set(layers.map(({ value }) => value));
  const observedLayers = probe.layers.filter(({ value }) => isLayer.has(value));
  for (const { layer, reason } of probe.unobservable) note(`not observed: ${layer.value}: ${reason}`);
  const wanted = new Map<string, Observation>();
  for (const pass of chosen) {
    for (const each of pass.plan(observedLayers, watched.get(pass.id))) wanted.set(`${each.layer} ${each.kind}`, each);
  }
  const observing = observe(proto, probe.layers, [...wanted.values()], { rows: batch });
  const session = await engine.open(file.toRunnable(observing.model), { threads: THREADS });
  const states = chosen.map((pass) => pass.start(observedLayers, watched.get(pass.id), dataset.size));
  const inputs = feeds(batch);
  const indices = Array.from({ length: batch }, (_, index) => index);
  return async () => {
    const values = observing.read(await session.run(inputs), batch);
    const observed: ObservedBatch = { indices, layers: observedLayers, get: (layer, kind) => values.get(layer, kind) };
    chosen.forEach((pass, index) => pass.fold(states[index], observed));
  };
}

async function openBare(file: Network, engineName: EngineName): Promise<Session> {
  const { proto } = file.onnx;
  const outputs = (proto.graph?.output ?? []).map(({ name }) => name);
  const engine = await loadEngine(engineName);
  return engine.open(file.toRunnable(prune(proto, outputs)), { threads: THREADS });
}

/** What all passes cost over the bare forward, over activation layers and over every value. */
export async function measureObserving(
  network: NetworkName,
  engineName: EngineName,
  seconds: number,
): Promise<boolean> {
  const file = await openNetwork(network);
  const bare = await openBare(file, engineName);
  const inputs = NETWORKS[network].feeds(NETWORKS[network].batch);
  const everyValue = layersOfEveryValue(file.graph);
  const alone = Object.fromEntries(
    await Promise.all(
      passes
        .filter(({ applies }) => applies({ graph: file.graph, layers: file.layers }).applies)
        .map(async (pass) => [pass.id, await watching(file, network, engineName, file.layers, [pass])] as const),
    ),
  );
  const sparsity = passes.filter(({ id }) => SPARSITY.includes(id));
  const times = await timeInTurn(
    {
      bare: () => bare.run(inputs),
      sparsity: await watching(file, network, engineName, file.layers, sparsity),
      layers: await watching(file, network, engineName, file.layers, passes),
      every: await watching(file, network, engineName, everyValue, passes),
      ...alone,
    },
    seconds,
  );
  note(
    `${THREADS} threads; bare forward ${times.bare.wall.toFixed(0)} ms, median; ` +
      `CPU time ${times.bare.cpu.toFixed(0)} ms; load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  );
  note(
    `every value: ${everyValue.length} of ${floatValues(file.graph).size} floating-point values; ` +
      'left out are views of others, insides of spelled-out functions, products before their bias',
  );
  const turns: Readonly<Record<string, Turn>> = times;
  for (const { id } of passes) {
    const turn = turns[id];
    if (turn !== undefined) note(`${id} alone: CPU time ${(turn.cpu / times.bare.cpu).toFixed(2)} × the bare forward`);
  }
  const dearest = passes
    .flatMap(({ id }) => turns[id] ?? [])
    .reduce((dear, turn) => (turn.wall > dear.wall ? turn : dear));
  return [
    reportRatio(`${SPARSITY.join(', ')} / bare forward`, times.sparsity, times.bare, SPARSITY_TARGET),
    reportRatio(
      `all passes, ${file.layers.length} activation layers / bare forward`,
      times.layers,
      times.bare,
      TARGETS[engineName].layers,
    ),
    reportRatio(
      `all passes, every value (${everyValue.length}) / bare forward`,
      times.every,
      times.bare,
      TARGETS[engineName].every,
    ),
    reportRatio('all passes / the dearest alone', times.layers, dearest, TOGETHER_TARGET),
  ].every(Boolean);
}
