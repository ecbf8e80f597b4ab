/** Circuits of the sample language model, beside an independent computation in numpy (test/fixtures/circuits). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { influence } from '../../../src/core/circuits/influence.js';
import {
  NODE_KINDS,
  type CircuitAnswer,
  type CircuitEdges,
  type FedByWeights,
} from '../../../src/protocol/circuits.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

type Name = readonly [kind: string, layer: number, position: number, feature: number];
type Weighed = readonly [...Name, weight: number];

interface Target {
  readonly position: number;
  readonly value: number;
  readonly biases: number;
  readonly edges: readonly Weighed[];
  readonly checks: readonly { source: Name; edge: number; following: number; total: number }[];
  readonly heads: readonly (readonly [number, number, number, number, number])[];
  readonly alone: Readonly<Record<'token' | 'feature' | 'error', number>>;
  readonly alone_biases: number;
}

/** The five largest, then the five smallest, by token or by feature of all layers in a row. */
interface Fed {
  readonly tokens: readonly (readonly [number, number])[];
  readonly features: readonly (readonly [number, number])[];
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/circuits/circuits.json', import.meta.url), 'utf8')) as {
  readonly text: string;
  readonly ids: readonly number[];
  readonly active: number;
  readonly outputs: readonly { token: number; probability: number }[];
  readonly replacement: number;
  readonly completeness: number;
  readonly influence: readonly Weighed[];
  readonly logit: Target & { readonly virtual: number };
  readonly feature: Target & {
    readonly name: Name;
    readonly weights: Fed & { readonly heads: readonly (Fed & { layer: number; head: number; norm: number })[] };
  };
};

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const FEATURES = 192;
const vocabulary = new Map(
  Object.entries(
    (
      JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
        readonly model: { readonly vocab: Readonly<Record<string, number>> };
      }
    ).model.vocab,
  ).map(([text, id]) => [id, text]),
);
/** As the page shows tokens. */
const textOf = (token: number): string =>
  `“${(vocabulary.get(token) ?? '').replaceAll('Ġ', ' ').replaceAll('Ċ', '\n')}”`;
const keyOf = ([kind, layer, position, feature]: readonly (string | number)[]): string =>
  [kind, layer, position, feature].join();

/** methods, section 0: |got − want| ≤ 1e-5 + 1e-4 S. @param size S, of all that is summed. */
function close(got: number | undefined, want: number, size: number, what = ''): void {
  expect(Math.abs((got ?? NaN) - want), what).toBeLessThanOrEqual(1e-5 + 1e-4 * size);
}

let inspection: WorkerApi;
let answer: CircuitAnswer;
let edges: CircuitEdges;
let nodes: ReadonlyMap<string, number>;

beforeAll(async () => {
  inspection = inspect();
  await inspection.open({
    path: join(folder, 'grammar-gpt.onnx'),
    recipePaths: 'anywhere',
    transcoders: { paths: [join(folder, 'dictionaries')], answers: {} },
    settings: { engine: 'automatic', threads: 2, defaultInputs: 4, limit: 4, cacheMegabytes: 0 },
  });
  answer = await inspection.circuit({
    input: { kind: 'prompt', text: fixture.text },
    target: { kind: 'likely' },
    maximumFeatures: 7500,
  });
  edges = await inspection.circuitEdges({ circuit: answer.id, first: 0 });
  const { kind, layer, position, feature } = answer.nodes;
  nodes = new Map(
    Array.from(kind, (each, at) => [
      keyOf([NODE_KINDS[each] ?? '', layer[at] ?? 0, position[at] ?? 0, feature[at] ?? 0]),
      at,
    ]),
  );
}, 120_000);
afterAll(() => inspection.close({}));

it('the same tokens, active features and outputs', () => {
  expect(answer.tokens).toHaveLength(fixture.ids.length);
  expect(answer.active).toBe(fixture.active);
  expect(answer.leftOut).toBe(0);
  expect(answer.outputs.map(({ probability }) => probability)).toEqual(
    fixture.outputs.map(({ probability }) => expect.closeTo(probability, 5) as number),
  );
  expect(answer.likely[0]?.token).toBe(fixture.outputs[0]?.token);
});

it('the same influence and scores', () => {
  close(answer.replacement, fixture.replacement, 1);
  close(answer.completeness, fixture.completeness, 1);
  const size = answer.starts.length - 1;
  const found = influence({ size, starts: answer.starts, ...edges }, answer.nodes.weight).nodes;
  for (const [kind, layer, position, feature, want] of fixture.influence)
    close(found[nodes.get(keyOf([kind, layer, position, feature])) ?? -1], want, want, keyOf([kind, layer, position]));
});

describe.each(['logit', 'feature'] as const)('one %s', (which) => {
  const want = fixture[which];
  const size = want.edges.reduce((sum, [, , , , weight]) => sum + Math.abs(weight), Math.abs(want.biases));
  const node = (): number =>
    (which === 'logit' ? answer.outputs[0]?.node : nodes.get(keyOf(fixture.feature.name))) ?? -1;

  it('every edge, and the biases', () => {
    const target = node();
    close(answer.nodes.value[target], want.value, Math.abs(want.value));
    close(answer.nodes.biases[target], want.biases, size);
    const [first, end] = [answer.starts[target] as number, answer.starts[target + 1] as number];
    const got = new Map(
      Array.from({ length: end - first }, (_, at) => [edges.sources[first + at], edges.weights[first + at]] as const),
    );
    for (const [kind, layer, position, feature, weight] of want.edges) {
      const source = nodes.get(keyOf([kind, layer, position, feature])) ?? -1;
      close(got.get(source) ?? 0, weight, size, keyOf([kind, layer, position, feature]));
      got.delete(source);
    }
    for (const weight of got.values()) close(weight, 0, size);
  });

  it('what the model does without a source, with all held, with normalisations free, and with nothing held', async () => {
    for (const { source, edge, following, total } of want.checks) {
      const asked = { circuit: answer.id, sources: [nodes.get(keyOf(source)) ?? -1], targets: [node()], factor: 0 };
      const check = await inspection.circuitCheck(asked);
      close(check.direct.predicted, -edge, size);
      close(check.direct.measured, -edge, size);
      close(check.following, following, size);
      close(check.total.measured, total, size);
    }
  });

  it('what each head handed over, and what came on the residual stream alone', async () => {
    const found = await inspection.circuitHeads({ circuit: answer.id, node: node() });
    const sum = want.heads.reduce((all, [, , , contribution]) => all + contribution, 0);
    close(found.fromHeads, sum, size);
    expect(found.heads.length + found.others.count).toBe(want.heads.length);
    expect(found.residual).toBeLessThan(1e-5);
    const byPlace = new Map(want.heads.map(([layer, head, source, ...rest]) => [[layer, head, source].join(), rest]));
    for (const { layer, head, source, contribution, attention } of found.heads) {
      const [wanted, pattern] = byPlace.get([layer, head, source].join()) ?? [NaN, NaN];
      close(contribution, wanted, size, `layer ${layer} head ${head} token ${source}`);
      close(attention, pattern, 1);
    }
    close(found.embedding, want.alone.token, size);
    const sumOf = (part: 'features' | 'biases' | 'error'): number =>
      found.mlps.reduce((all, mlp) => all + mlp[part], 0);
    close(sumOf('features'), want.alone.feature, size);
    close(sumOf('error'), want.alone.error, size);
    close(found.biases + sumOf('biases'), want.alone_biases, size);
    expect(found.left).toEqual([]);
  });
});

it('what would feed the feature by weights alone, directly and through the heads that can feed it most', async () => {
  const { weights: want, name } = fixture.feature;
  const found = await inspection.circuitWeights({ circuit: answer.id, node: nodes.get(keyOf(name)) ?? -1 });
  const agree = (got: FedByWeights, wanted: Fed): void => {
    for (const [side, from] of [
      [0, 0],
      [1, 5],
    ] as const) {
      for (const [at, [token, weight]] of wanted.tokens.slice(from, from + 5).entries()) {
        // Bytes that are no character by themselves are shown as none.
        if (/^[ -~“”]*$/.test(textOf(token))) expect(got.tokens[side][at]?.text).toBe(textOf(token));
        close(got.tokens[side][at]?.weight, weight, 1);
      }
      for (const [at, [feature, weight]] of wanted.features.slice(from, from + 5).entries()) {
        const each = got.features[side][at];
        expect((each?.layer ?? NaN) * FEATURES + (each?.feature ?? NaN)).toBe(feature);
        close(each?.weight, weight, 1);
      }
    }
  };
  agree(found, want);
  expect(found.heads.map(({ layer, head }) => [layer, head])).toEqual(
    want.heads.map(({ layer, head }) => [layer, head]),
  );
  want.heads.forEach((head, at) => {
    const got = found.heads[at] as (typeof found.heads)[number];
    close(got.norm, head.norm, 1);
    agree(got, head);
  });
  expect(found.left).toEqual([]);
});

it('a feature’s virtual weight towards a logit is its decoder’s product with the unembedding', async () => {
  const strongest = fixture.logit.checks.find(({ source: [kind] }) => kind === 'feature');
  const source = nodes.get(keyOf(strongest?.source ?? [])) ?? -1;
  const asked = { circuit: answer.id, sources: [source], targets: [answer.outputs[0]?.node ?? -1] };
  const { parts } = await inspection.circuitCheck({ ...asked, factor: 0 });
  close(parts?.inputInvariant, fixture.logit.virtual, 1);
  close((parts?.activation ?? NaN) * (parts?.perUnit ?? NaN), strongest?.edge ?? NaN, 1);
});
