import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../../src/core/formats/safetensors/safetensors.js';
import { decodeHalf } from '../../../src/core/tensor/half.js';
import {
  NODE_KINDS,
  type CircuitAnswer,
  type CircuitCheck,
  type CircuitRequest,
} from '../../../src/protocol/circuits.js';
import type { OpenedModel, WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const dictionaries = join(folder, 'dictionaries');
const TEXT = 'Rosa counts the cats in the forest: one, two, three, four. "There are';

const open = (inspection: WorkerApi, paths: readonly string[]): Promise<OpenedModel> =>
  inspection.open({
    path: join(folder, 'grammar-gpt.onnx'),
    recipePaths: 'anywhere',
    transcoders: { paths, answers: {} },
    settings: { engine: 'automatic', threads: 2, defaultInputs: 4, limit: 4, cacheMegabytes: 0 },
  });

const request = (more: Partial<CircuitRequest> = {}): CircuitRequest => ({
  input: { kind: 'prompt', text: TEXT },
  target: { kind: 'likely' },
  maximumFeatures: 300,
  ...more,
});

async function edgesOf(
  inspection: WorkerApi,
  { id, starts }: CircuitAnswer,
): Promise<readonly [number, number, number][]> {
  const { sources, weights } = await inspection.circuitEdges({ circuit: id, first: 0 });
  expect(sources).toHaveLength(starts.at(-1) ?? 0);
  const edges: [number, number, number][] = [];
  for (let node = 0; node < starts.length - 1; node++)
    for (let edge = starts[node] as number; edge < (starts[node + 1] as number); edge++)
      edges.push([sources[edge] as number, node, weights[edge] as number]);
  return edges;
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(pairs.map(([a]) => a)), mean(pairs.map(([, b]) => b))];
  const sum = (f: (a: number, b: number) => number): number => pairs.reduce((all, [a, b]) => all + f(a - x, b - y), 0);
  return sum((a, b) => a * b) / Math.sqrt(sum((a) => a * a) * sum((_, b) => b * b));
}

describe('circuits of the sample language model', () => {
  let inspection: WorkerApi;
  let model: OpenedModel;

  beforeAll(async () => {
    inspection = inspect();
    model = await open(inspection, [dictionaries]);
  });
  afterAll(() => inspection.close({}));

  it('a folder gives each layer its transcoder, and says of the others why they are not used', () => {
    const { layers = [], left = [] } = model.transcoders ?? {};
    expect(layers.map(({ layer, transcoder }) => [layer, transcoder?.name, transcoder?.features])).toEqual(
      [0, 1, 2, 3].map((layer) => [layer, `blocks.${layer}.mlp.transcoder/sae_weights.safetensors`, 192]),
    );
    expect(left.map(({ name }) => name)).toEqual(
      [0, 1, 2, 3].map((layer) => `blocks.${layer}.hook_resid_post/sae_weights.safetensors`),
    );
    for (const { reason } of left) expect(reason).toMatch(/not what an MLP/);
  });

  it('edges, biases and what was left out make up every target, and the scores are shares', async () => {
    const progress: number[] = [];
    const answer = await inspection.circuit(request(), undefined, (share) => progress.push(share));
    expect(answer.tokens[0]).toBe('<|endoftext|>');
    expect(answer.outputs[0]?.text).toBe('“ four”');
    expect(answer.residual).toBeLessThan(1e-4);
    expect(answer.leftOut).toBe(answer.active - 300);
    for (const score of [answer.replacement, answer.completeness]) {
      expect(score).toBeGreaterThan(0);
      expect(score).toBeLessThanOrEqual(1);
    }
    const { nodes } = answer;
    const sums = Float64Array.from(nodes.biases, (bias, node) => bias + (nodes.left[node] as number));
    const sizes = Float64Array.from(sums, Math.abs);
    for (const [source, target, weight] of await edgesOf(inspection, answer)) {
      expect(source).toBeLessThan(target);
      sums[target] = (sums[target] as number) + weight;
      sizes[target] = (sizes[target] as number) + Math.abs(weight);
    }
    nodes.kind.forEach((kind, node) => {
      if (NODE_KINDS[kind] !== 'feature' && NODE_KINDS[kind] !== 'output') return;
      expect(Math.abs((sums[node] as number) - (nodes.value[node] as number))).toBeLessThan(
        1e-5 + 1e-4 * (sizes[node] as number),
      );
    });
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it('is kept for a page that begins anew, until the inputs change', async () => {
    const answer = await inspection.circuit(request());
    expect(answer.tokenIds).toHaveLength(answer.tokens.length);
    expect(answer.tokenIds.every((id) => Number.isInteger(id) && id >= 0)).toBe(true);
    expect(answer.outputs[0]?.token).toBe(answer.likely[0]?.token);
    expect(await inspection.keptCircuit({})).toEqual({ request: request(), answer });
    await inspection.setInputs({ recipe: model.inputs?.recipe });
    expect(await inspection.keptCircuit({})).toBeUndefined();
  });

  it('the difference of two tokens is that of their logits, by name or the likeliest two', async () => {
    const named = await inspection.circuit(request({ target: { kind: 'difference', token: 'four', minus: 'five' } }));
    expect(named.outputs.map(({ text }) => text)).toEqual(['“ four” − “ five”']);
    const turned = await inspection.circuit(request({ target: { kind: 'difference', token: 'five', minus: 'four' } }));
    const valueOf = ({ nodes, outputs }: CircuitAnswer): number => nodes.value[outputs[0]?.node ?? -1] as number;
    expect(valueOf(named)).toBeCloseTo(-valueOf(turned), 4);
    const likeliest = await inspection.circuit(request({ target: { kind: 'difference' } }));
    expect(likeliest.outputs[0]?.text).toBe(`${likeliest.likely[0]?.text} − ${likeliest.likely[1]?.text}`);
  });

  it('a feature at a token is made up of what comes before it alone', async () => {
    const { nodes } = await inspection.circuit(request());
    const node = nodes.kind.findLastIndex((kind, at) => NODE_KINDS[kind] === 'feature' && nodes.layer[at] === 2);
    const [feature, position] = [nodes.feature[node] as number, nodes.position[node] as number];
    const answer = await inspection.circuit(request({ target: { kind: 'feature', layer: 2, feature }, position }));
    expect(answer.residual).toBeLessThan(1e-4);
    expect(answer.outputs).toEqual([]);
    const [root] = [...answer.nodes.weight.keys()].filter((each) => (answer.nodes.weight[each] as number) > 0);
    expect(answer.nodes.feature[root ?? -1]).toBe(feature);
    answer.nodes.kind.forEach((kind, at) => {
      if (NODE_KINDS[kind] !== 'feature' || at === root) return;
      expect(answer.nodes.layer[at]).toBeLessThan(2);
      expect(answer.nodes.position[at]).toBeLessThanOrEqual(position);
    });
  });

  it('edges agree with what the model does when their sources are taken away', async () => {
    const answer = await inspection.circuit(request({ maximumFeatures: 7500 }));
    const target = answer.outputs[0]?.node ?? -1;
    const edges = await edgesOf(inspection, answer);
    const size = edges.reduce((sum, [, to, weight]) => sum + (to === target ? Math.abs(weight) : 0), 0);
    const strongest = edges
      .filter(([source, to]) => to === target && NODE_KINDS[answer.nodes.kind[source] as number] === 'feature')
      .sort(([, , a], [, , b]) => Math.abs(b) - Math.abs(a))
      .slice(0, 40);
    const [direct, following, total]: [number, number][][] = [[], [], []];
    for (const [source, , weight] of strongest) {
      const check = await inspection.circuitCheck({
        circuit: answer.id,
        sources: [source],
        targets: [target],
        factor: 0,
      });
      expect(check.direct.predicted).toBeCloseTo(-weight, 5);
      expect(Math.abs(check.direct.measured + weight)).toBeLessThan(1e-5 + 1e-4 * size);
      direct?.push([check.direct.predicted, check.direct.measured]);
      following?.push([-weight, check.following]);
      total?.push([check.total.predicted, check.total.measured]);
    }
    const [ofDirect, ofFollowing, ofTotal] = [direct, following, total].map((pairs) => correlation(pairs ?? []));
    const ofEdges = correlation(strongest.map(([, , weight], at) => [-weight, total?.[at]?.[1] ?? NaN]));
    console.log(
      `Correlation over the ${strongest.length} strongest features: direct ${ofDirect?.toFixed(6)}, with normalisations that follow ${ofFollowing?.toFixed(4)}, total against path sums ${ofTotal?.toFixed(4)}, total against edges ${ofEdges.toFixed(4)}`,
    );
    expect(ofDirect).toBeGreaterThan(0.9999);
    expect(ofFollowing).toBeGreaterThan(0.8);
    expect(ofTotal).toBeGreaterThan(0.5);
  });

  it('a source of every kind changes a feature by its edge, when all is held that the graph holds', async () => {
    const answer = await inspection.circuit(request());
    const { nodes } = answer;
    const target = nodes.kind.findLastIndex((kind, at) => NODE_KINDS[kind] === 'feature' && nodes.layer[at] === 3);
    const incoming = (await edgesOf(inspection, answer)).filter(([, to]) => to === target);
    const size = incoming.reduce((sum, [, , weight]) => sum + Math.abs(weight), 0);
    for (const kind of ['token', 'feature', 'error'] as const) {
      const [source, , weight] = incoming
        .filter(([from]) => NODE_KINDS[nodes.kind[from] as number] === kind)
        .sort(([, , a], [, , b]) => Math.abs(b) - Math.abs(a))[0] ?? [-1, -1, NaN];
      for (const factor of [0, 0.95, 3]) {
        const check = await inspection.circuitCheck({
          circuit: answer.id,
          sources: [source],
          targets: [target],
          factor,
        });
        expect(check.patternsHeld).toBe(true);
        expect(Math.abs(check.direct.measured - (factor - 1) * weight), `${kind} × ${factor}`).toBeLessThan(
          1e-5 + 1e-4 * size,
        );
      }
    }
  });

  it('groups of sources and targets change by the sum of their edges, all at once', async () => {
    const answer = await inspection.circuit(request());
    const { nodes } = answer;
    const edges = await edgesOf(inspection, answer);
    const kindOf = (node: number): string => NODE_KINDS[nodes.kind[node] as number] ?? '';
    const strongest = (wanted: (edge: (typeof edges)[number]) => boolean, count: number) =>
      edges
        .filter(wanted)
        .sort(([, , a], [, , b]) => Math.abs(b) - Math.abs(a))
        .slice(0, count);
    const output = answer.outputs[0]?.node ?? -1;
    // Of every kind, features of several layers among them.
    const sources = [
      ...strongest(([from, to]) => to === output && kindOf(from) === 'token', 2),
      ...strongest(([from, to]) => to === output && kindOf(from) === 'error', 2),
      ...[0, 1, 2].flatMap((layer) =>
        strongest(([from, to]) => to === output && kindOf(from) === 'feature' && nodes.layer[from] === layer, 2),
      ),
    ].map(([from]) => from);
    // Features of two layers, and an output.
    const targets = [
      ...new Set(
        [2, 3].flatMap((layer) =>
          strongest(
            ([from, to]) =>
              sources.includes(from) && !sources.includes(to) && nodes.layer[to] === layer && kindOf(to) === 'feature',
            2,
          ).map(([, to]) => to),
        ),
      ),
      output,
    ];
    expect([sources.length, targets.length]).toEqual([10, 5]);
    const between = edges.filter(([from, to]) => sources.includes(from) && targets.includes(to));
    const sum = between.reduce((all, [, , weight]) => all + weight, 0);
    const size = edges.reduce((all, [, to, weight]) => all + (targets.includes(to) ? Math.abs(weight) : 0), 0);
    const tolerance = 1e-5 + 1e-4 * size;
    const check = (from: readonly number[], to: readonly number[], factor = 0) =>
      inspection.circuitCheck({ circuit: answer.id, sources: from, targets: to, factor });
    for (const factor of [0, 2]) {
      const together = await check(sources, targets, factor);
      expect(Math.abs(together.direct.predicted - (factor - 1) * sum)).toBeLessThan(tolerance);
      expect(Math.abs(together.direct.measured - (factor - 1) * sum)).toBeLessThan(tolerance);
      expect(together.parts).toBeUndefined();
    }
    // Into each target by itself, and out of each source: the same sums.
    const byTarget: CircuitCheck[] = [];
    for (const target of targets) byTarget.push(await check(sources, [target]));
    const bySource: CircuitCheck[] = [];
    for (const source of sources) bySource.push(await check([source], targets));
    const together = await check(sources, targets);
    const added = (all: readonly CircuitCheck[], of: (each: CircuitCheck) => number): number =>
      all.reduce((total, each) => total + of(each), 0);
    for (const all of [byTarget, bySource]) {
      expect(Math.abs(added(all, ({ direct }) => direct.measured) - together.direct.measured)).toBeLessThan(tolerance);
      expect(Math.abs(added(all, ({ total }) => total.predicted) - together.total.predicted)).toBeLessThan(tolerance);
    }
    // Runs of the model are the same whichever targets are read in them.
    expect(Math.abs(added(byTarget, ({ following }) => following) - together.following)).toBeLessThan(tolerance);
    expect(Math.abs(added(byTarget, ({ total }) => total.measured) - together.total.measured)).toBeLessThan(tolerance);
    // Tokens among the targets and outputs among the sources are left alone; a node on both sides is refused.
    const token = sources[0] ?? -1;
    expect((await check([...sources.slice(1), output], [...targets, token])).direct).toEqual(
      (await check(sources.slice(1), targets)).direct,
    );
    await expect(check(targets, targets)).rejects.toThrow(/nothing to change there/);
    await expect(check(sources, [token])).rejects.toThrow(/nothing to change there/);
    await expect(check([output], targets)).rejects.toThrow(/nothing to change there/);
  });

  it('what is wrong is said', async () => {
    const failure = async (more: Partial<CircuitRequest>): Promise<string> =>
      inspection.circuit(request(more)).then(
        () => '',
        (error: unknown) => String(error),
      );
    expect(await failure({ input: { kind: 'prompt', text: ' ' } })).toMatch(/text is empty/);
    expect(await failure({ input: { kind: 'prompt', text: 'cat '.repeat(600) } })).toMatch(/more than 512 tokens/);
    expect(await failure({ target: { kind: 'difference', token: 'xyzzy' } })).toMatch(/“xyzzy” is not one token/);
    expect(await failure({ target: { kind: 'feature', layer: 7, feature: 1 } })).toMatch(/no MLP in a layer 7/);
    expect(await failure({ target: { kind: 'feature', layer: 1, feature: 9999 } })).toMatch(/is not active/);
    expect(await failure({ position: 99 })).toMatch(/there is no token 100/);
    expect(await failure({ maximumFeatures: 0 })).toMatch(/1 to 7500 features/);
    await expect(inspection.circuitEdges({ circuit: -1, first: 0 })).rejects.toThrow(/not kept/);
  });

  it('can be cancelled', async () => {
    const stop = new AbortController();
    const found = inspection.circuit(request({ maximumFeatures: 7500 }), stop.signal, () => stop.abort());
    await expect(found).rejects.toThrow(/cancel/i);
  });
});

describe('a set with one transcoder', () => {
  it('leaves other layers as they are: all that their MLPs write is an error, and everything still adds up', async () => {
    const inspection = inspect();
    try {
      await open(inspection, [join(dictionaries, 'blocks.1.mlp.transcoder')]);
      const answer = await inspection.circuit(request());
      expect(answer.layersWithout).toEqual([0, 2, 3]);
      expect(answer.residual).toBeLessThan(1e-4);
    } finally {
      await inspection.close({});
    }
  });
});

describe('a transcoder whose features may be negative', () => {
  const own = mkdtempSync(join(tmpdir(), 'model-inspector-circuit-'));
  afterAll(() => rmSync(own, { recursive: true, force: true }));

  /** That of layer 1 as circuit-tracer writes it, the encoder a row for each feature, with thresholds below 0. */
  function writeTranscoder(): void {
    const sample = join(dictionaries, 'blocks.1.mlp.transcoder');
    const file = readFileSync(join(sample, 'sae_weights.safetensors'));
    const end = 8 + Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.subarray(8, end).toString()) as Record<string, { data_offsets: [number, number] }>;
    const bytes = (name: string): Uint8Array => {
      const [first = 0, last = 0] = header[name]?.data_offsets ?? [];
      return Uint8Array.from(file.subarray(end + first, end + last));
    };
    const single = (name: string): Float32Array => new Float32Array(bytes(name).buffer);
    const half = (name: string): Float32Array => Float32Array.from(new Uint16Array(bytes(name).buffer), decodeHalf);
    const encoder = half('W_enc');
    const turned = Float32Array.from(encoder, (_, at) => encoder[(at % 96) * 192 + Math.floor(at / 96)] as number);
    writeFileSync(
      join(own, 'layer_1.safetensors'),
      encodeSafetensors(
        {
          W_enc: { dtype: 'F32', shape: [192, 96], data: turned },
          b_enc: { dtype: 'F32', shape: [192], data: single('b_enc') },
          W_dec: { dtype: 'F32', shape: [192, 96], data: half('W_dec') },
          b_dec: { dtype: 'F32', shape: [96], data: single('b_dec') },
          'activation_function.threshold': { dtype: 'F32', shape: [192], data: new Float32Array(192).fill(-0.2) },
        },
        {},
      ),
    );
    const { metadata } = JSON.parse(readFileSync(join(sample, 'cfg.json'), 'utf8')) as { metadata: object };
    writeFileSync(join(own, 'cfg.json'), JSON.stringify({ metadata }));
  }

  it('is in a circuit, too: where a feature is active it is what its encoder reads, and everything adds up', async () => {
    writeTranscoder();
    const inspection = inspect();
    try {
      const { transcoders } = await open(inspection, [own]);
      expect(transcoders?.left).toEqual([]);
      expect(transcoders?.layers[1]?.transcoder?.name).toContain('layer_1.safetensors');
      const answer = await inspection.circuit(request());
      expect(answer.layersWithout).toEqual([0, 2, 3]);
      expect(answer.residual).toBeLessThan(1e-4);
      const values = answer.nodes.activation.filter(
        (_, node) => NODE_KINDS[answer.nodes.kind[node] ?? 0] === 'feature',
      );
      expect(values.some((value) => value < 0)).toBe(true);
    } finally {
      await inspection.close({});
    }
  });
});

describe('a model without transcoders', () => {
  it('says what to do', async () => {
    const inspection = inspect();
    try {
      await open(inspection, [join(dictionaries, 'blocks.1.hook_resid_post')]);
      await expect(inspection.circuit(request())).rejects.toThrow(/None of the transcoders fits/);
    } finally {
      await inspection.close({});
    }
  });
});
