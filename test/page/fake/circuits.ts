/** A circuit of random numbers, as large as somebody asks: ten thousand nodes and a million edges by the text “large”; “silent” and “long” end otherwise. */
import { CancelledError, problem } from '../../../src/core/errors.js';
import { graphScores, type NodeKind } from '../../../src/core/circuits/influence.js';
import {
  EDGES_AT_ONCE,
  NODE_KINDS,
  type CircuitAnswer,
  type CircuitEdges,
  type CircuitQuestions,
  type FedByWeights,
  type CircuitRequest,
  type TranscoderSetDescription,
} from '../../../src/protocol/circuits.js';
import { randomStream } from '../../../src/core/dataset/random.js';

export const TRANSCODERS: TranscoderSetDescription = {
  layers: [
    { layer: 0, transcoder: { name: 'layer_0.safetensors', features: 4096, by: 'blocks.0.mlp.hook_in' } },
    { layer: 1, transcoder: { name: 'layer_1.safetensors', features: 4096, by: 'blocks.1.mlp.hook_in' } },
    { layer: 2 },
  ],
  left: [{ name: 'layer_9.safetensors', reason: 'The model has no value or hook “blocks.9.mlp.hook_in”.' }],
};

interface Size {
  readonly layers: number;
  readonly positions: number;
  readonly perPlace: number;
  readonly perNode: number;
}

const SMALL: Size = { layers: 3, positions: 6, perPlace: 3, perNode: 12 };
/** 12 × 32 × 25 features and their errors, tokens and outputs: 10,026 nodes, a million edges. */
const LARGE: Size = { layers: 12, positions: 32, perPlace: 25, perNode: 140 };

const KEPT_KEY = 'kept circuit';

export function fakeCircuitQuestions(): CircuitQuestions {
  let edges: CircuitEdges = { sources: new Uint32Array(), weights: new Float32Array() };
  return {
    circuit: async (request, signal, onProgress) => {
      const { input } = request;
      if (input.kind === 'prompt' && input.text === 'silent') {
        throw problem('not-applicable', 'Feature 7 of that layer is not active at token 3.', {
          remedy: 'Choose a token at which it is active.',
        });
      }
      if (input.kind === 'prompt' && input.text === 'long') {
        onProgress?.(0.25);
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new CancelledError())));
      }
      const made = await circuitOf(input.kind === 'prompt' && input.text === 'large' ? LARGE : SMALL);
      edges = made.edges;
      sessionStorage.setItem(KEPT_KEY, JSON.stringify(request));
      return made.answer;
    },
    // Outlives the page, as a worker does.
    keptCircuit: async () => {
      const request = JSON.parse(sessionStorage.getItem(KEPT_KEY) ?? 'null') as CircuitRequest | null;
      if (request === null) return undefined;
      const made = await circuitOf(SMALL);
      edges = made.edges;
      return { request, answer: made.answer };
    },
    circuitEdges: async ({ first }) => ({
      sources: edges.sources.slice(first, first + EDGES_AT_ONCE),
      weights: edges.weights.slice(first, first + EDGES_AT_ONCE),
    }),
    circuitCheck: async ({ sources, targets, factor }) => ({
      direct: { predicted: (factor - 1) * 0.5, measured: (factor - 1) * 0.5 },
      following: (factor - 1) * 0.44,
      total: { predicted: (factor - 1) * 0.8, measured: (factor - 1) * 0.71 },
      patternsHeld: true,
      ...(sources.length === 1 && targets.length === 1
        ? { parts: { activation: 2, perUnit: 0.25, inputInvariant: 0.31 } }
        : {}),
    }),
    circuitWeights: async () => ({
      ...fed(1),
      heads: [
        { layer: 1, head: 3, norm: 0.435, ...fed(0.3) },
        { layer: 0, head: 5, norm: 0.251, ...fed(0.2) },
      ],
      left: [{ layer: 2, reason: 'Its operator MultiHeadAttention does not give the values that it weighs.' }],
    }),
    circuitHeads: async () => ({
      value: 2.2,
      heads: [
        { layer: 1, head: 3, source: 2, contribution: 1.21, attention: 0.83 },
        { layer: 0, head: 5, source: 0, contribution: -0.42, attention: 0.07 },
        ...Array.from({ length: 18 }, (_, at) => ({
          layer: at % 3,
          head: at % 6,
          source: at % 5,
          contribution: 0.3 / (at + 1),
          attention: 0.2,
        })),
      ],
      others: { count: 61, contribution: -0.05 },
      fromHeads: 1.4,
      embedding: 0.25,
      mlps: [
        { layer: 0, features: 0.4, biases: -0.02, error: 0.1 },
        { layer: 1, features: 0.2, biases: 0.01, error: -0.14 },
      ],
      biases: 0,
      residual: 2e-7,
      sharing: [],
      left: [{ layer: 2, reason: 'Its operator MultiHeadAttention does not give the values that it weighs.' }],
    }),
  };
}

const fed = (scale: number): FedByWeights => ({
  tokens: [
    [' cat', ' dog', ' kitten', ' paw'].map((text, at) => ({ text: `“${text}”`, weight: scale / (at + 1) })),
    [' one', ' two', '.'].map((text, at) => ({ text: `“${text}”`, weight: -scale / (at + 2) })),
  ],
  features: [
    [71, 3, 1204].map((feature, at) => ({ layer: at % 2, feature, weight: (2 * scale) / (at + 1) })),
    [88].map((feature) => ({ layer: 0, feature, weight: -scale })),
  ],
});

async function circuitOf({ layers, positions, perPlace, perNode }: Size): Promise<{
  readonly answer: CircuitAnswer;
  readonly edges: CircuitEdges;
}> {
  const random = randomStream(1, 'circuit', 0);
  const nodes: { kind: NodeKind; layer: number; position: number; feature: number }[] = [];
  for (let position = 0; position < positions; position++)
    nodes.push({ kind: 'token', layer: -1, position, feature: -1 });
  for (let layer = 0; layer < layers; layer++) {
    for (let position = 0; position < positions; position++) {
      for (let each = 0; each < perPlace; each++)
        nodes.push({ kind: 'feature', layer, position, feature: Math.floor(random() * 4096) });
    }
    for (let position = 0; position < positions; position++)
      nodes.push({ kind: 'error', layer, position, feature: -1 });
  }
  for (let output = 0; output < 10; output++)
    nodes.push({ kind: 'output', layer: -1, position: positions - 1, feature: -1 });
  const starts = new Uint32Array(nodes.length + 1);
  const sources: number[] = [];
  const weights: number[] = [];
  nodes.forEach((node, target) => {
    if (node.kind === 'feature' || node.kind === 'output') {
      const before = nodes.findIndex(({ layer, kind }) => kind !== 'token' && layer === node.layer);
      const end = node.kind === 'output' ? nodes.length - 10 : before;
      const chosen = new Set<number>();
      for (let each = 0; each < perNode; each++) {
        const source = Math.floor(random() * end);
        if ((nodes[source]?.position ?? 0) <= node.position || node.kind === 'output') chosen.add(source);
        else chosen.add(source - (source % positions));
      }
      for (const source of [...chosen].filter((each) => each < target).sort((a, b) => a - b)) {
        sources.push(source);
        weights.push((random() - 0.4) ** 3);
      }
    }
    starts[target + 1] = sources.length;
  });
  const kinds = nodes.map(({ kind }) => kind);
  const edges = { sources: Uint32Array.from(sources), weights: Float32Array.from(weights) };
  const weight = Float64Array.from(kinds, (kind) => (kind === 'output' ? 0.1 : 0));
  const matrix = { size: nodes.length, starts, ...edges };
  return {
    edges,
    answer: {
      id: nodes.length,
      tokens: Array.from({ length: positions }, (_, at) => ` word${at + 1}`),
      tokenIds: Array.from({ length: positions }, (_, at) => at + 10),
      data: 'a circuit of random numbers',
      synthetic: true,
      nodes: {
        kind: Uint8Array.from(kinds, (kind) => NODE_KINDS.indexOf(kind)),
        layer: Int16Array.from(nodes, ({ layer }) => layer),
        position: Int32Array.from(nodes, ({ position }) => position),
        feature: Int32Array.from(nodes, ({ feature }) => feature),
        activation: Float32Array.from(kinds, (kind) => (kind === 'feature' ? 0.5 + random() : 0)),
        value: Float64Array.from(kinds, () => random()),
        biases: new Float64Array(nodes.length),
        left: new Float64Array(nodes.length),
        weight,
      },
      outputs: nodes.flatMap(({ kind }, node) =>
        kind === 'output' ? [{ node, token: node, text: `“ next${node}”`, probability: 0.1 }] : [],
      ),
      likely: [
        { token: 0, text: '“ next”', probability: 0.1 },
        { token: 1, text: '“ other”', probability: 0.1 },
      ],
      starts,
      ...(await graphScores(matrix, kinds, weight)),
      residual: 1e-6,
      active: layers * positions * perPlace,
      leftOut: 0,
      layersWithout: [2],
      seconds: 0.1,
    },
  };
}
