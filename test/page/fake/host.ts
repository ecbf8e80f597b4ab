/** The host's side of the conversation, answered from a fake network. */
import type { PrunedFile } from '../../../src/protocol/pruning.js';
import { problem } from '../../../src/core/errors.js';
import type { HistogramView, InputsDescription, UnitDetail } from '../../../src/protocol/inspection.js';
import type { Dictionary } from '../../../src/protocol/model.js';
import { coderDescription } from './coder.js';
import type { HostApi, OpenState, PageApi } from '../../../src/protocol/page-api.js';
import { fakeAttributionQuestions } from './attribution.js';
import { fakeCircuitQuestions, TRANSCODERS } from './circuits.js';
import { ATTACHED, fakeFeatureQuestions, isAttached } from './features.js';
import { PRUNED, PRUNING } from './pruning.js';
import { fakeSourceTokens } from './source-tokens.js';
import { fakeSteeringQuestions } from './steering.js';
import { fakeGraphQuestions } from './graph-questions.js';
import { fakeLinearQuestions } from './linear.js';
import type { FakeNetwork } from './network.js';
import { numbersOf } from './numbers.js';
import { activationsOf, previewOf } from './examples.js';
import { bodiesOf, nodesAround, scopePicture } from './bodies.js';
import { PASSES, resultOf, UNIT_METRICS } from './result.js';
import { noise } from './random.js';
import type { Scenario } from './scenarios.js';
import { tensorAnswers, tensorsOf } from './tensors.js';

const DICTIONARY: Dictionary = {
  kind: 'transcoder',
  family: 'SAELens',
  inputWidth: 768,
  outputWidth: 1024,
  features: 24_576,
  tensors: { encoder: 'W_enc', decoder: 'W_dec', encoderBias: 'b_enc' },
  prefix: '',
  evidence: [
    '“W_enc” (768 × 24576) and “W_dec” (24576 × 1024) have 24576 features in common.',
    '“cfg.json” beside it says architecture: transcoder.',
  ],
};

export function fakeHost(given: FakeNetwork, scenario: Scenario, page: () => PageApi): HostApi {
  const network = scenario === 'one-input' ? { ...given, examples: 1 } : given;
  const numbers = numbersOf(network);
  let pruned: PrunedFile | undefined;
  const layerOf = (value: string) => {
    const layer = network.layers.find((candidate) => candidate.value === value);
    if (layer === undefined) throw problem('internal', `No layer ${value}`);
    return layer;
  };
  return {
    ...fakeAttributionQuestions(network),
    ...fakeFeatureQuestions(scenario, network.kind === 'text'),
    ...fakeSteeringQuestions(),
    ...fakeSourceTokens(),
    pruningPreview: async () => PRUNING,
    ready: async () => openState(network, scenario),
    graph: async ({ expanded, scope = '' }) => scopePicture(network, scope, expanded ?? []),
    typesInferred: async () => undefined,
    modulesAround: async ({ item, layer }) => {
      const node = network.nodes.find((each) => each.id === item || (layer !== undefined && each.layer === layer));
      return (node?.module ?? []).map((_, depth, path) => path.slice(0, depth + 1).join('/'));
    },
    ...fakeGraphQuestions(network),
    ...fakeLinearQuestions(network),
    ...fakeCircuitQuestions(),
    node: async ({ id }) => {
      const bodies = bodiesOf(network, id);
      const local = id.slice(id.lastIndexOf('#'));
      const node = nodesAround(network, id).nodes.find((candidate) => candidate.id === local);
      if (node === undefined) throw problem('internal', `No node ${id}`);
      const values = (edges: readonly (readonly [string, string])[], end: 0 | 1) =>
        edges.map((edge) => ({ name: `${edge[end]}_output`, type: 'float32', shape: [1, 16, 32, 32] }));
      return {
        id,
        title: node.label,
        operator: node.operator,
        domain: '',
        module: node.module,
        inputs: [
          ...values(
            network.edges.filter(([, to]) => to === id),
            0,
          ).map((value) => ({ ...value, constant: false })),
          ...(node.parameters > 0
            ? [
                {
                  name: `${node.label}.weight`,
                  type: 'float32',
                  shape: [16, 16, 3, 3],
                  constant: true,
                  tensor: network.nodes.filter(({ parameters }) => parameters > 0).indexOf(node),
                },
              ]
            : []),
        ],
        outputs: values([['', id]], 1),
        attributes:
          node.operator === 'Conv'
            ? [
                { name: 'kernel_shape', value: '[3, 3]' },
                { name: 'pads', value: '[1, 1, 1, 1]' },
              ]
            : [],
        parameters: node.parameters,
        ...(bodies === undefined ? {} : { bodies }),
      };
    },
    ...tensorAnswers(network),
    unitMetric: async ({ metric }) => ({
      layers: network.layers.map((layer) =>
        Float32Array.from({ length: layer.units }, (_, unit) => {
          if (metric === 'unit-zero-share') return numbers.zeroShare(layer, unit);
          if (metric === 'unit-mean') return numbers.magnitude(layer, unit) - 0.3;
          if (metric === 'unit-maximum')
            return noise(unit, layer.units) < 0.01 ? NaN : 4 * numbers.magnitude(layer, unit);
          if (metric === 'unit-zeros') return Math.round(80_000 * numbers.zeroShare(layer, unit));
          return numbers.magnitude(layer, unit);
        }),
      ),
    }),
    exampleTile: async ({ layer: value, rows, columns }) => {
      const layer = layerOf(value);
      const [height, width] = [rows[1] - rows[0], columns[1] - columns[0]];
      const values = new Float32Array(height * width);
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const example = rows[0] + row;
          values[row * width + column] =
            layer.units < 10_000 && noise(example, column, 77) < 0.002
              ? NaN
              : numbers.peak(layer, columns[0] + column, example);
        }
      }
      return { values, rows: height, columns: width };
    },
    positionMap: async ({ layer }) => {
      if (network.kind !== 'images' || layerOf(layer).shape.length !== 3) return undefined;
      return { rows: 8, columns: 8, values: Float32Array.from({ length: 64 }, (_, at) => noise(at, 8)) };
    },
    layerHistogram: async ({ layer }) => histogram(layerOf(layer).units, 0.61),
    unit: async ({ layer: value, unit }): Promise<UnitDetail> => {
      const layer = layerOf(value);
      const top = Array.from({ length: Math.min(network.examples, 200) }, (_, index) => ({
        index,
        value: numbers.peak(layer, unit, index),
      }))
        .sort((a, b) => b.value - a.value)
        .slice(0, 9);
      return {
        layer: value,
        unit,
        statistics: UNIT_METRICS.map((quantity, index) => ({
          ...quantity,
          value:
            quantity.format === 'share'
              ? numbers.zeroShare(layer, unit)
              : quantity.format === 'count'
                ? 48_211
                : numbers.magnitude(layer, unit) * (index + 1),
          layerMean: quantity.format === 'share' ? 0.53 : quantity.format === 'count' ? 42_400.5 : 0.41 * (index + 1),
        })),
        histogram: layer.units > 4096 ? undefined : histogram(unit, numbers.zeroShare(layer, unit)),
        top,
      };
    },
    example: async ({ index, layer, unit }) => ({
      index,
      preview: await previewOf(network, index),
      ...(layer === undefined || unit === undefined
        ? {}
        : {
            activations: activationsOf(network, layerOf(layer), unit, index, numbers.peak(layerOf(layer), unit, index)),
          }),
    }),
    async run() {
      if (scenario === 'run-fails')
        throw problem('engine-failed', 'The engine refused the model.', {
          place: 'node “layer2.0.add”',
          remedy: 'Choose the other engine in the settings.',
        });
    },
    compare: async () => {
      await page().resultChanged({ result: resultOf(network, { compared: true }) });
    },
    cancelRun: async () => {
      await page().resultChanged({ result: resultOf(network, { inputsSeen: 64 }) });
    },
    async command({ command }) {
      if (command !== 'modelInspector.pruneDeadUnits') return;
      pruned = PRUNED;
      await page().prunedChanged({});
    },
    openPruned: async () => undefined,
    prunedFile: async () => pruned,
    setSizes: async () => undefined,
    coder: async ({ answers }) => coderDescription(answers),
    select: async () => undefined,
    copyText: async () => undefined,
    save: async () => true,
    reload: async () => {
      await page().stateChanged(openState(network, 'done'));
    },
    log: async ({ text }) => console.warn(text),
  };
}

function histogram(seed: number, zeroShare: number): HistogramView {
  const total = 80_000;
  const counted = 3_200;
  const zeros = Math.round(counted * zeroShare);
  const counts = Array.from({ length: 32 }, (_, bucket) =>
    Math.round(
      ((counted - zeros) / 12) *
        Math.exp(-(((bucket - 5 - 8 * noise(seed)) / 6) ** 2)) *
        (0.85 + 0.3 * noise(seed, bucket)),
    ),
  );
  return { edges: Array.from({ length: 33 }, (_, edge) => edge * 0.125), counts, zeros, nonFinite: 0, counted, total };
}

function openState(network: FakeNetwork, scenario: Scenario): OpenState {
  if (scenario === 'failed') {
    return {
      state: 'failed',
      fileName: network.fileName,
      problem: {
        kind: 'truncated-file',
        message: 'The file ends in the middle of a tensor.',
        place: `${network.fileName}, byte 12,288 of a tensor that should end at byte 65,536`,
        remedy: 'Download or export the file again; its size should be about 1.1 MB.',
      },
    };
  }
  const fresh =
    scenario === 'fresh' ||
    scenario === 'running' ||
    scenario === 'cannot-run' ||
    scenario === 'bad-inputs' ||
    scenario === 'run-fails';
  return {
    state: 'open',
    capabilities: { platform: 'linux-x64', version: '0.1.0', engine: 'onnxruntime-node 1.30.0 (native)' },
    selection: {},
    running:
      scenario === 'running'
        ? { unit: 'inputs', done: 64, planned: 200, secondsLeft: 12, phase: 'Running' }
        : undefined,
    model: {
      overview: {
        fileName: network.fileName,
        format: 'onnx',
        fileBytes: 1_104_385,
        externalBytes: 0,
        formatName: 'ONNX, IR version 8, opset 17',
        files: 1,
        tensors: tensorsOf(network).length,
        parameters: network.nodes.reduce((sum, node) => sum + node.parameters, 0),
        metadata: [],
        unread: [],
        ...(scenario === 'dictionary' ? { dictionary: DICTIONARY } : {}),
        network: {
          producer: 'pytorch 2.13.0',
          irVersion: 8,
          opsets: [{ domain: '', version: 17 }],
          inputs: ends(network, 'input'),
          outputs: ends(network, 'output'),
          nodes: network.nodes.length,
          operators: operators(network),
          cannotRun:
            scenario === 'cannot-run'
              ? [
                  {
                    kind: 'unsupported-operator',
                    message: 'The operator com.example.FancyNorm is not known to the engine.',
                    place: 'node 14, “layer2.0.norm”',
                    remedy: 'Export the model with opset 17 or newer, where it is LayerNormalization.',
                  },
                  {
                    kind: 'missing-external-data',
                    message: 'The weights file weights.bin is missing.',
                    place: 'tensor “layer3.0.conv1.weight”',
                    remedy: 'Put weights.bin beside the model.',
                  },
                ]
              : [],
          docString: '',
        },
      },
      ...(isAttached(scenario) ? { dictionary: ATTACHED } : {}),
      ...(scenario === 'circuits' ? { transcoders: TRANSCODERS } : {}),
      outline: [],
      passes:
        scenario === 'cannot-run'
          ? PASSES.map((pass) => ({ ...pass, reason: 'The engine does not know one of its operators.' }))
          : PASSES,
      inputs: inputsOf(network, scenario),
      result: fresh
        ? undefined
        : resultOf(network, {
            inputsSeen: scenario === 'partial' ? 64 : undefined,
            cached: scenario === 'partial',
            synthetic: scenario === 'synthetic',
            skipped: scenario === 'partial' ? [{ name: 'broken.png', reason: 'not a PNG file' }] : [],
          }),
    },
  };
}

/** As `inputNotes` writes them. */
const ONE_INPUT_NOTES = [
  'There is one input only: every share rests on it alone, and what another input would do stays open. Choose more inputs, or raise “limit” in the recipe.',
  'No labels are known. Perplexity, the loss of the right class and accuracy need them; without them, what could be skipped and what a change does is measured by how much the output changes. Name “labels” in the recipe, or put pictures into one folder for each class.',
];

function inputsOf(network: FakeNetwork, scenario: Scenario): InputsDescription {
  const synthetic = scenario === 'synthetic';
  const [input] = ends(network, 'input');
  return {
    recipe: { version: 1, inputs: {} },
    notes: scenario === 'one-input' ? ONE_INPUT_NOTES : [],
    origin: synthetic ? 'guessed' : 'file',
    lines: [
      {
        input: input?.name ?? 'x',
        text: synthetic
          ? `${input?.name}: random normal values, seed 1`
          : network.kind === 'images'
            ? 'image: 200 images from images/, stretched to 64 × 64, rgb, (x/255 − mean)/std'
            : 'input_ids: 120 lines of corpus.txt, tokenized with tokenizer.json',
        synthetic,
      },
    ],
    ...(scenario === 'no-inputs' ? {} : { size: network.examples }),
    synthetic,
    problem:
      scenario === 'bad-inputs'
        ? {
            kind: 'invalid-inputs',
            message: 'The pictures have 1 channel, the model wants 3.',
            place: 'images/circle_000.png',
            remedy: 'Set "channels" to "rgb" in shapes.inspect.json.',
          }
        : undefined,
  };
}

function ends(network: FakeNetwork, kind: 'input' | 'output') {
  return network.nodes
    .filter((node) => node.kind === kind)
    .map((node) => ({
      name: node.label,
      type: 'float32',
      shape: node.operator.split(' × ').map((size) => (/^\d+$/.test(size) ? Number(size) : size)),
    }));
}

function operators(network: FakeNetwork) {
  const counts = new Map<string, number>();
  for (const node of network.nodes)
    if (node.kind === 'node') counts.set(node.operator, (counts.get(node.operator) ?? 0) + 1);
  return [...counts].map(([operator, count]) => ({ operator, count })).sort((a, b) => b.count - a.count);
}
