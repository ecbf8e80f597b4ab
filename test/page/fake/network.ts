/** Networks that do not exist: their modules, nodes and layers, for a page that cannot tell. */
import type { LayerSummary } from '../../../src/core/passes/result.js';

export interface FakeNode {
  readonly id: string;
  readonly kind: 'node' | 'input' | 'output';
  readonly label: string;
  readonly operator: string;
  readonly module: readonly string[];
  readonly parameters: number;
  readonly layer?: string;
}

export interface FakeNetwork {
  readonly fileName: string;
  readonly nodes: readonly FakeNode[];
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly layers: readonly LayerSummary[];
  readonly kind: 'images' | 'text';
  /** What lies inside nodes, by the node's id. */
  readonly bodies?: Readonly<Record<string, readonly FakeBody[]>>;
  readonly examples: number;
}

export interface FakeBody {
  readonly label: string;
  readonly network: FakeNetwork;
}

/** A condition with a branch that loops. */
export function branchingNetwork(): FakeNetwork {
  const loop = builder();
  loop.link(loop.add('input', 'state', '1 × 4', []), loop.add('node', 'next', 'Add', ['step']));
  const branch = builder();
  const doubled = branch.add('node', 'double', 'Mul', []);
  branch.link(doubled, branch.add('node', 'rounds', 'Loop', []));
  const build = builder();
  const input = build.add('input', 'x', '1 × 4', []);
  const choice = build.add('node', 'choose', 'If', []);
  build.link(input, choice);
  const rest = { fileName: 'branches.onnx', kind: 'text' as const, examples: 12 };
  const inner = { ...rest, ...loop.done() };
  const then = { ...rest, ...branch.done(), bodies: { '#1': [{ label: 'body', network: inner }] } };
  const other = { ...rest, ...loop.done() };
  return {
    ...rest,
    ...build.done(),
    bodies: {
      [choice]: [
        { label: 'then_branch', network: then },
        { label: 'else_branch', network: other },
      ],
    },
  };
}

export function imageNetwork(fileName = 'shapes.onnx'): FakeNetwork {
  const build = builder();
  let last = build.add('input', 'image', '1 × 3 × 64 × 64', []);
  const unit = (module: readonly string[], name: string, channels: number, size: number): void => {
    const conv = build.add('node', `${name}.conv`, 'Conv', module, channels * channels * 9);
    build.link(last, conv);
    last = build.activation(conv, `${name}.relu`, 'Relu', module, channels, [channels, size, size]);
  };
  unit(['stem'], 'stem', 16, 64);
  const pool = build.add('node', 'stem.pool', 'MaxPool', ['stem']);
  build.link(last, pool);
  last = pool;
  for (const [stage, channels, size] of [
    [1, 16, 32],
    [2, 32, 16],
    [3, 64, 8],
    [4, 128, 4],
  ] as const) {
    for (const block of [0, 1]) {
      const module = [`layer${stage}`, String(block)];
      const start = last;
      unit(module, `layer${stage}.${block}.1`, channels, size);
      const conv = build.add('node', `layer${stage}.${block}.2.conv`, 'Conv', module, channels * channels * 9);
      build.link(last, conv);
      const add = build.add('node', `layer${stage}.${block}.add`, 'Add', module);
      build.link(conv, add);
      build.link(start, add);
      last = build.activation(add, `layer${stage}.${block}.2.relu`, 'Relu', module, channels, [channels, size, size]);
    }
  }
  const mean = build.add('node', 'pool', 'GlobalAveragePool', ['head']);
  build.link(last, mean);
  const dense = build.add('node', 'head.fc1', 'Gemm', ['head'], 128 * 96);
  build.link(mean, dense);
  last = build.activation(dense, 'head.relu', 'Relu', ['head'], 96, [96]);
  const logits = build.add('node', 'head.fc2', 'Gemm', ['head'], 96 * 8);
  build.link(last, logits);
  build.link(logits, build.add('output', 'logits', '1 × 8', []));
  return { fileName, ...build.done(), kind: 'images', examples: 200 };
}

export function textNetwork(fileName = 'grammar-lm.onnx'): FakeNetwork {
  const build = builder();
  let last = build.add('input', 'input_ids', 'batch × sequence', []);
  const embed = build.add('node', 'wte', 'Gather', ['embed'], 512 * 96);
  build.link(last, embed);
  last = embed;
  for (let block = 0; block < 4; block++) {
    const module = ['h', String(block)];
    const norm = build.add('node', `h.${block}.ln_1`, 'LayerNormalization', module, 192);
    build.link(last, norm);
    const qkv = build.add('node', `h.${block}.attn`, 'MatMul', [...module, 'attn'], 96 * 288);
    build.link(norm, qkv);
    const pattern = build.activation(
      qkv,
      `h.${block}.attn.softmax`,
      'Softmax',
      [...module, 'attn'],
      4,
      [4, -1, -1],
      'heads',
    );
    const add = build.add('node', `h.${block}.add`, 'Add', module);
    build.link(pattern, add);
    build.link(last, add);
    const fc = build.add('node', `h.${block}.mlp.fc`, 'MatMul', [...module, 'mlp'], 96 * 384);
    build.link(add, fc);
    const act = build.activation(fc, `h.${block}.mlp.act`, 'Gelu', [...module, 'mlp'], 384, [-1, 384], 'neurons');
    const down = build.add('node', `h.${block}.mlp.proj`, 'MatMul', [...module, 'mlp'], 96 * 384);
    build.link(act, down);
    const out = build.add('node', `h.${block}.add_1`, 'Add', module);
    build.link(down, out);
    build.link(add, out);
    last = out;
  }
  const head = build.add('node', 'lm_head', 'MatMul', ['head'], 512 * 96);
  build.link(last, head);
  build.link(head, build.add('output', 'logits', 'batch × sequence × 512', []));
  return { fileName, ...build.done(), kind: 'text', examples: 120 };
}

/** One layer so large that nobody would send it whole. */
export function hugeNetwork(): FakeNetwork {
  const build = builder();
  const input = build.add('input', 'x', '1 × 64', []);
  const dense = build.add('node', 'wide', 'Gemm', ['wide'], 640_000);
  build.link(input, dense);
  const last = build.activation(dense, 'wide.relu', 'Relu', ['wide'], 10_000, [10_000]);
  build.link(last, build.add('output', 'y', '1 × 10000', []));
  return { fileName: 'huge.onnx', ...build.done(), kind: 'images', examples: 2000 };
}

/** Names as an attacker would choose them. */
export function hostileNetwork(): FakeNetwork {
  const markup = '<img src=x onerror="window.hacked=1"><b>bold</b>';
  const build = builder();
  const input = build.add('input', markup, '1 × 4', []);
  const dense = build.add('node', markup, markup, [markup], 40);
  build.link(input, dense);
  const last = build.activation(dense, markup, markup, [markup], 8, [8]);
  build.link(last, build.add('output', `${markup}2`, '1 × 8', []));
  return { fileName: `${markup}.onnx`, ...build.done(), kind: 'text', examples: 12 };
}

function builder() {
  const nodes: FakeNode[] = [];
  const edges: (readonly [string, string])[] = [];
  const layers: LayerSummary[] = [];
  const add = (
    kind: FakeNode['kind'],
    label: string,
    operator: string,
    module: readonly string[],
    parameters = 0,
  ): string => {
    const id = kind === 'node' ? `#${nodes.length}` : `${kind}:${label}`;
    nodes.push({ id, kind, label, operator, module, parameters });
    return id;
  };
  const link = (from: string, to: string): void => void edges.push([from, to]);
  const activation = (
    from: string,
    label: string,
    operator: string,
    module: readonly string[],
    units: number,
    shape: readonly number[],
    unitWord = shape.length > 1 ? 'channels' : 'neurons',
  ): string => {
    const id = `#${nodes.length}`;
    nodes.push({ id, kind: 'node', label, operator, module, parameters: 0, layer: `${label}_output` });
    link(from, id);
    layers.push({
      value: `${label}_output`,
      label,
      module,
      operator,
      family: operator === 'Relu' ? 'rectifier' : operator === 'Softmax' ? 'distribution' : 'smooth',
      units,
      unitWord,
      ...(shape.length > 1
        ? { positionWord: shape.length === 3 && unitWord === 'channels' ? 'positions' : 'tokens' }
        : {}),
      shape,
    });
    return id;
  };
  return { add, link, activation, done: () => ({ nodes, edges, layers }) };
}
