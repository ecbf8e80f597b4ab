/** The command line as it ships, bundled and in a process of its own: exit codes and what it says. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenTokens } from '../dictionary/ten-tokens.js';
import { experiments, filePasses, passes as inputPasses } from '../../../src/core/passes/registry.js';
import { bytesOf } from '../formats/onnx-builder.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'model-inspector-cli-'));
const work = join(folder, 'work');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** x: [batch, 4] → Relu → y. */
const relu = bytesOf(
  modelProto({
    nodes: [node('Relu', ['x'], ['y'])],
    inputs: [valueInfo('x', ['batch', 4])],
    outputs: [valueInfo('y', ['batch', 4])],
  }),
);
const normal = { source: 'synthetic', distribution: 'normal', seed: 1 };

/** ids: [batch, time] → rows of a table of 5 × 2 → Relu → y. */
const lookup = bytesOf(
  modelProto({
    nodes: [node('Gather', ['table', 'ids'], ['rows']), node('Relu', ['rows'], ['y'])],
    inputs: [makeValueInfo('ids', DataType.INT64, ['batch', 'time'])],
    outputs: [valueInfo('y', ['batch', 'time', 2])],
    initializers: [weight('table', [5, 2], [1, -1, 1, -1, 1, -1, 1, -1, 1, -1])],
  }),
);

beforeAll(async () => {
  mkdirSync(work);
  await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outfile: join(folder, 'cli.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['onnxruntime-node'],
    banner: {
      js: "import { createRequire as ofBundle } from 'node:module'; const require = ofBundle(import.meta.url);",
    },
    logLevel: 'error',
  });
  symlinkSync(join(root, 'node_modules/onnxruntime-web/dist'), join(folder, 'ort'));
  writeFileSync(join(work, 'plain.onnx'), relu);
  writeFileSync(join(work, 'limited.onnx'), relu);
  writeFileSync(join(work, 'limited.inspect.json'), JSON.stringify({ version: 1, inputs: { x: normal }, limit: 5 }));
  writeFileSync(join(work, 'wrong.onnx'), relu);
  writeFileSync(join(work, 'wrong.inspect.json'), JSON.stringify({ version: 1, inputs: { x: normal }, limit: -5 }));
  writeFileSync(join(work, 'lookup.onnx'), lookup);
  writeFileSync(join(work, 'story.txt'), 'abba '.repeat(100));
  writeFileSync(join(work, 'own-vocabulary.txt'), 'a\nb\n \n');
  writeFileSync(join(work, 'away.onnx'), relu);
  // An absolute path: on the command line a recipe may name any file, whatever the limit.
  mkdirSync(join(folder, 'elsewhere'));
  writeFileSync(join(folder, 'elsewhere/x.npy'), npy(8));
  writeFileSync(
    join(work, 'away.inspect.json'),
    JSON.stringify({
      version: 1,
      inputs: { x: { source: 'array', path: join(folder, 'elsewhere/x.npy') } },
      limit: 6,
    }),
  );
}, 60_000);

/** `rows` × 4 float32 ones, version 1.0 of the format. */
function npy(rows: number): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, 4), }`.padEnd(117) + '\n';
  const data = new Float32Array(rows * 4).fill(1);
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]),
    Buffer.from(header, 'latin1'),
    Buffer.from(data.buffer),
  ]);
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

function cli(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, 'cli.mjs'), ...args], { cwd: work });
    const ended = { out: '', error: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.error += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...ended }));
  });
}
const report = (...args: string[]): Promise<Ended> => cli('report', ...args, '--engine', 'wasm', '--threads', '1');

describe('wrong usage ends with 2 and says what is wrong', () => {
  it.each([
    [[], 'Usage:'],
    [['report'], 'Usage:'],
    [['frobnicate', 'plain.onnx'], 'Unknown command “frobnicate”'],
    [['report', 'plain.onnx', '--limit', '0'], '--limit cannot be “0”'],
    [['report', 'plain.onnx', '--limit', 'many'], '--limit cannot be “many”'],
    [['report', 'plain.onnx', '--limit='], '--limit cannot be “”'],
    [['report', 'plain.onnx', '--allowed-loss-increase', '0'], 'It is a number of percent from 0.01 to 100.'],
    [['report', 'plain.onnx', '--engine', 'gpu'], '--engine cannot be “gpu”'],
    [['report', 'plain.onnx', '--threads', '-1'], "'--threads'"],
    [['report', 'plain.onnx', '--unheard-of'], '--unheard-of'],
    [['features', 'plain.onnx'], '--dictionary cannot be “”. Name the file of the dictionary.'],
    [
      ['features', 'plain.onnx', '--dictionary', 'a', '--prompt', 'a', '--steer', '3=more'],
      '--steer cannot be “3=more”',
    ],
    [['features', 'plain.onnx', '--dictionary', 'a', '--steer', '3=ablate'], 'It goes with --prompt or --input'],
    [['features', 'plain.onnx', '--dictionary', 'a', '--export', 'xml'], 'The formats are neuronpedia, circuit-tracer'],
    [['features', 'plain.onnx', '--dictionary', 'a', '--export', 'csv'], 'Say where to with --out.'],
    [['features', 'plain.onnx', '--dictionary', 'a', '--names', 'keep'], 'It goes with --list.'],
    [['features', 'plain.onnx', '--dictionary', 'a', '--feature', 'first'], '--feature cannot be “first”'],
    [['circuit', 'plain.onnx'], '--transcoders cannot be “”. Name the folder with one transcoder for each layer.'],
    [['circuit', 'plain.onnx', '--transcoders', 'a', '--at', 'end'], '--at cannot be “end”'],
  ])('%j', async (args, message) => {
    const { code, out, error } = await cli(...args);
    expect(code).toBe(2);
    expect(error).toContain(message);
    expect(out).toBe('');
  });

  it('an unknown pass is refused before the model is looked at, and the known ones are named', async () => {
    const { code, error } = await cli('report', 'no-such-file.onnx', '--pass', 'dead-units', '--pass', 'dead-unit');
    expect(code).toBe(2);
    expect(error).toContain('--pass cannot be “dead-unit”. The passes are dead-units, zero-sparsity, ');
  });

  it('an output that nobody reads to its end is no error', async () => {
    const child = spawn(process.execPath, [join(folder, 'cli.mjs'), '--help'], { cwd: work });
    let error = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, error]).toEqual([0, '']);
  });

  it('help is no wrong usage', async () => {
    expect(await cli('--help')).toMatchObject({ code: 0, error: '', out: expect.stringContaining('Usage:') });
  });
});

describe('a problem ends with 1, and says what happened and what to do', () => {
  it('a model that is not there', async () => {
    const { code, error } = await report('no-such-file.onnx');
    expect(code).toBe(1);
    expect(error).toMatch(/^Error: .*no-such-file\.onnx/);
    expect(error).not.toContain('Show Log');
    expect(existsSync(join(work, 'no-such-file.report.html'))).toBe(false);
  });

  it('a report in a folder that does not exist is refused before the run', async () => {
    const { code, out, error } = await report('plain.onnx', '--out', 'missing/report.html');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(error).toContain(`There is no folder ${join(work, 'missing')}.`);
    expect(error).toContain('do:    Create it');
  });

  it('a report whose name is a folder’s is refused before the run', async () => {
    mkdirSync(join(work, 'folder.html'), { recursive: true });
    const { code, out, error } = await report('plain.onnx', '--out', 'folder.html');
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain(`${join(work, 'folder.html')} is a folder.`);
  });

  it('a report that may not be written is refused before the run', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may write everywhere');
    const locked = join(folder, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    const { code, out, error } = await report('plain.onnx', '--out', join(locked, 'report.html'));
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain(`${join(locked, 'report.html')} cannot be written.`);
  });

  it('a recipe that cannot be used is not replaced by random values, whatever the limit', async () => {
    const { code, error } = await report('wrong.onnx', '--limit', '3');
    expect(code).toBe(1);
    expect(error).toContain('wrong.inspect.json');
  });
});

describe('a report', () => {
  it('is written with its numbers, and the recipe’s limit holds where no other was given', async () => {
    const { code, out } = await report('limited.onnx', '--out', 'kept.html');
    expect(code).toBe(0);
    expect(out).toContain('\n5 inputs (');
    expect(out).toContain(`Report: ${join(work, 'kept.html')}`);
    expect(readFileSync(join(work, 'kept.html'), 'utf8')).toContain('limited.onnx');
    expect(JSON.parse(readFileSync(join(work, 'kept.json'), 'utf8'))).toMatchObject({ run: { inputsSeen: 5 } });
  });

  it.each([
    ['fewer', '3', '3 inputs ('],
    ['more', '9', '9 inputs ('],
    ['one', '1', '1 input ('],
  ])('on %s inputs than the recipe says, when asked', async (_name, limit, expected) => {
    const { code, out } = await report('limited.onnx', '--limit', limit, '--pass', 'dead-units');
    expect(code).toBe(0);
    expect(out).toContain(`\n${expected}`);
    expect(out).not.toMatch(/Does not apply|Not run/);
  });

  it('with another limit still reads what the recipe names outside the model’s folder', async () => {
    const { code, out } = await report('away.onnx', '--limit', '7', '--pass', 'zero-sparsity');
    expect(code).toBe(0);
    expect(out).toContain('\n7 inputs (');
  });

  it('on inputs from the command line keeps to the limit', async () => {
    const { code, out } = await report('plain.onnx', '--inputs', join(folder, 'elsewhere/x.npy'), '--limit', '2');
    expect(code).toBe(0);
    expect(out).toContain('\n2 inputs (');
  });
});

describe('controls', () => {
  it('stand beside what passes and experiments say', async () => {
    const model = join(root, 'media/samples/grammar-gpt/grammar-gpt.onnx');
    const passes = ['--pass', 'core-neurons', '--pass', 'skippable-neurons'];
    const loss = ['--allowed-loss-increase', '5'];
    const out = join(work, 'controls.html');
    const { code, out: told } = await report(model, ...passes, '--controls', '--limit', '2', ...loss, '--out', out);
    expect(code).toBe(0);
    expect(told).toContain('At 5 % more perplexity of the next token');
    expect(told.match(/random weights: /g)?.length).toBeGreaterThanOrEqual(2);
    expect(told).toMatch(
      /Can be skipped, at most 5 % worse: [\d.]+ %; random weights: [\d.]+ %; shuffled inputs: [\d.]+ %\./,
    );
  }, 120_000);
});

describe('text', () => {
  it('is tokenized by the tokenizer that the command line names', async () => {
    const { code, out } = await report('lookup.onnx', '--inputs', 'story.txt', '--tokenizer', 'own-vocabulary.txt');
    expect(code).toBe(0);
    expect(out).toContain(
      '\n7 inputs (7 windows of 64 tokens from story.txt, tokenized by own-vocabulary.txt (3 tokens)',
    );
  });

  it('without a tokenizer ends with 1 and says what is needed', async () => {
    const { code, error } = await report('lookup.onnx', '--inputs', 'story.txt');
    expect(code).toBe(1);
    expect(error).toContain('There is no tokenizer for story.txt.');
  });

  it('needs to be named where a tokenizer is', async () => {
    const { code, error } = await report('lookup.onnx', '--tokenizer', 'own-vocabulary.txt');
    expect([code, error.startsWith('--tokenizer cannot be “own-vocabulary.txt”. It goes with --inputs.')]).toEqual([
      2,
      true,
    ]);
  });
});

describe('the structure', () => {
  it('is printed with the operator set’s name and version', async () => {
    const { code, out } = await cli('inspect', 'plain.onnx');
    expect(code).toBe(0);
    expect(out).toMatch(/^Operator set: +ai\.onnx 17$/m);
    expect(out).toMatch(/^Input: +x: .*\[batch × 4\]$/m);
  });

  it('and the passes are printed as JSON', async () => {
    const passes = JSON.parse((await cli('passes', 'plain.onnx', '--json')).out) as { id: string }[];
    expect(passes.map(({ id }) => id)).toEqual([...inputPasses, ...experiments, ...filePasses].map(({ id }) => id));
    expect(JSON.parse((await cli('inspect', 'plain.onnx', '--json')).out)).toMatchObject({
      overview: { network: { nodes: 1 } },
    });
  });
});

describe('pruning', () => {
  /** The first of two neurons is max(0, 2 x₀ − 3): dead in the box [−1, 1]⁴, awake where x₀ is above 1.5. */
  const boxed = modelProto({
    nodes: [node('Gemm', ['x', 'w', 'b'], ['h']), node('Relu', ['h'], ['a']), node('Gemm', ['a', 'v'], ['y'])],
    inputs: [valueInfo('x', ['batch', 4])],
    outputs: [valueInfo('y', ['batch', 1])],
    initializers: [
      weight('w', [4, 2], [2, 1, 0, 1, 0, 1, 0, 1]),
      weight('b', [2], [-3, 0.5]),
      weight('v', [2, 1], [1, 1]),
    ],
  });
  const box = { inputs: { x: { lower: -1, upper: 1 } } };
  beforeAll(() => {
    const inputs = {
      inside: { source: 'constant', value: 1 },
      outside: normal,
    };
    for (const [name, x] of Object.entries(inputs)) {
      writeFileSync(join(work, `${name}.onnx`), bytesOf(boxed));
      writeFileSync(join(work, `${name}.inspect.json`), JSON.stringify({ version: 1, inputs: { x }, box }));
    }
  });
  const prune = (...args: string[]): Promise<Ended> => cli('prune', ...args, '--engine', 'wasm', '--threads', '1');

  it('says before what it saves, inside which box that is proven, and what will be run', async () => {
    const { code, out } = await prune('inside.onnx', '--preview');
    expect(code).toBe(0);
    expect(out).toContain('Dead by certificates: 1 (0 for every input in the box: “x” from -1 to 1');
    expect(out).toContain('Removing 1 unit would save 6 of 12 parameters (50 %)');
    expect(out).toContain('It is proven dead inside this box of inputs only: “x” from -1 to 1');
    expect(out).toContain('16 random inputs drawn inside the box');
    expect(existsSync(join(work, 'inside.pruned.onnx'))).toBe(false);
  });

  it('says afterwards what runs changed at most', async () => {
    const { code, out } = await prune('inside.onnx', '--json');
    expect(code).toBe(0);
    const { proof } = JSON.parse(out) as { readonly proof: { readonly sentence: string } };
    expect(proof.sentence).toMatch(
      /^On 16 random inputs drawn inside the box (no output changed|outputs changed by at most)/,
    );
    expect(proof.sentence).toContain(', all of them inside the box,');
    expect(existsSync(join(work, 'inside.pruned.onnx'))).toBe(true);
  });

  it('that fails its proof ends with 1, says so, and leaves no file', async () => {
    const { code, error } = await prune('outside.onnx');
    expect(code).toBe(1);
    expect(error).toContain('The smaller model does not give the same as the original, so no file was written.');
    expect(error).toMatch(/\(all of them outside the box\) by up to/);
    expect(error).toContain('do:    Units are proven dead inside the box only');
    expect(existsSync(join(work, 'outside.pruned.onnx'))).toBe(false);
  });
});

describe('features of a dictionary', () => {
  const samples = join(root, 'media/samples/grammar-gpt');
  const features = (...more: string[]): Promise<Ended> =>
    cli(
      'features',
      join(samples, 'grammar-gpt.onnx'),
      ...['--dictionary', join(samples, 'dictionaries/blocks.1.hook_resid_post/sae_weights.safetensors')],
      ...['--engine', 'wasm', '--threads', '1', '--limit', '8', ...more],
    );

  it('are printed, what they rest on first', async () => {
    const { code, out } = await features();
    expect(code).toBe(0);
    expect(out).toContain('SAE (SAELens): 192 features, 96 wide');
    expect(out).toContain('On 8 examples from corpus.npy: 512 tokens.');
    expect(out).toContain('Mind: Only 512 tokens were seen for 192 features');
    expect(out.trimEnd().split('\n').length).toBeGreaterThan(192);
  }, 120_000);

  it('are counted in words that fit the number', async () => {
    const { out } = await features(...[3, 12, 50].flatMap((feature) => ['--feature', String(feature)]));
    expect(out).toMatch(/ to \S+: 1 token$/m);
    expect(out).toMatch(/ to \S+: \d{2,} tokens$/m);
    expect(out).not.toMatch(/\b1 (tokens|places|values|features)\b/);
  }, 120_000);

  it('are told one by one, and as JSON', async () => {
    const { code, out } = await features('--feature', '3', '--json');
    expect(code).toBe(0);
    const { overview, features: told } = JSON.parse(out) as {
      readonly overview: { readonly columns: { readonly density: readonly number[] } };
      readonly features: readonly { readonly feature: number }[];
    };
    expect(overview.columns.density.length).toBe(192);
    expect(told.map(({ feature }) => feature)).toEqual([3]);
  }, 120_000);

  it('of a list are told and exported alone', async () => {
    const [list, out] = [join(work, 'list.csv'), join(work, 'out.jsonl')];
    writeFileSync(list, 'feature,name\n12,a\n3,b\n');
    const { code, out: told } = await features('--list', list, '--export', 'neuronpedia', '--out', out);
    expect(code).toBe(0);
    expect(told).toContain('list.csv: a table of features, 2 features.');
    expect(told).toContain('2 features written as Neuronpedia has them, of model “grammar-gpt”');
    expect(told).toMatch(/^ +12 /m);
    expect(told).not.toMatch(/^ +13 /m);
    const lines = readFileSync(out, 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { index: string }).index)).toEqual(['12', '3']);
    writeFileSync(list, 'feature\n192\n');
    expect((await features('--list', list)).error).toContain('It names feature 192');
  }, 120_000);

  it('on a text: which fire, and what changing them does', async () => {
    const text = ['--prompt', 'Tom has four black umbrellas. He gives two'];
    const { code, out } = await features(...text, '--rank', 'effect', '--steer', '7=add:2x', '--continue', '4');
    expect(code).toBe(0);
    expect(out).toMatch(/the text: \d+ tokens/);
    expect(out).toMatch(/feature +activation +density +direct effect +on token/);
    expect(out).toMatch(/Feature 7: at most .* before, .* after/);
    expect(out).toMatch(/KL\(before ‖ after\) [\d.e-]+ nats/);
    expect(out).toContain('Original:  of them to');
    expect(out).toContain('Steered: ');
    expect((await features('--prompt', '')).error).toContain('The text is empty');
  }, 120_000);

  it('on ten tokens have a warning beside each number', async () => {
    const ten = join(work, 'ten.npy');
    writeFileSync(ten, tenTokens());
    const few = (...more: string[]): Promise<Ended> => features('--inputs', ten, '--even-if-unfit', ...more);
    const { out } = await few();
    const mind = '(mind: only 10 tokens for 192 features).';
    for (const start of ['Fraction of variance unexplained', 'L0, ', 'Dead, ']) {
      const line = out.split('\n').find((each) => each.startsWith(start));
      expect(line?.endsWith(mind)).toBe(true);
    }
    expect(out).toContain('Mind: only 10 tokens for 192 features.\nfeature  density');
    const { out: one } = await few('--feature', '3', '--neighbours', '--prompt', 'Tom has');
    expect(one).toContain('Feature 3 (mind: only 10 tokens for 192 features)');
    expect(one).toContain('Mind, the density rests on only 10 tokens for 192 features.\nfeature  activation');
  }, 120_000);

  it('say why they cannot be split by tokens where attention does not give what they read', async () => {
    const { code, error } = await features('--feature', '3', '--source-tokens', '--limit', '4');
    expect(code).toBe(1);
    expect(error).toContain('which is not the output of attention alone');
    expect((await features('--source-tokens')).error).toContain('Say of which features: --feature <n>.');
  }, 120_000);

  it('that do not exist end with 1', async () => {
    const { code, error } = await features('--feature', '192');
    expect(code).toBe(1);
    expect(error).toContain('There is no feature 192: they are 0 to 191.');
  }, 120_000);
});

describe('a circuit', () => {
  const samples = join(root, 'media/samples/grammar-gpt');
  const circuit = (...more: string[]): Promise<Ended> =>
    cli(
      'circuit',
      join(samples, 'grammar-gpt.onnx'),
      ...['--transcoders', join(samples, 'dictionaries'), '--prompt', 'Rosa lost a black book. She looks in the'],
      ...['--engine', 'wasm', '--threads', '1', '--max-features', '60', ...more],
    );

  it('is printed with its scores and its strongest paths', async () => {
    const { code, out } = await circuit();
    expect(code).toBe(0);
    expect(out).toContain('[<|endoftext|>][Rosa][ lost]');
    expect(out).toMatch(/Graph: 60 of [\d,]+ active features/);
    expect(out).toMatch(/Replacement score: 0\.\d{4}/);
    expect(out).toMatch(/miss their targets by \d\.\de-\d of their sizes/);
    expect(out).toMatch(/→ logit “ \w+” after “ the” \(\d+\)/);
    expect(out).toMatch(/layer \d head \d from “.*” \(\d+\), attention 0\.\d+/);
    expect(out).toMatch(/Together they miss its value, .*, by \d\.\de-\d of their sizes/);
    expect(out).toMatch(/tokens for it: “.*” 0?\.?\d/);
    expect(out).toMatch(/Through layer \d head \d, \|W_V W_O v\| = /);
  }, 120_000);

  it('is told as JSON, of the difference of two tokens', async () => {
    const { code, out } = await circuit('--plus', 'tower', '--minus', 'forest', '--json');
    expect(code).toBe(0);
    const { outputs, nodes, edges, residual, heads, weights } = JSON.parse(out) as {
      readonly outputs: readonly { readonly text: string }[];
      readonly nodes: { readonly kind: readonly string[] };
      readonly edges: { readonly starts: readonly number[]; readonly weights: readonly number[] };
      readonly residual: number;
      readonly heads: { readonly residual: number };
      readonly weights: { readonly heads: readonly unknown[] };
    };
    expect(outputs.map(({ text }) => text)).toEqual(['“ tower” − “ forest”']);
    expect(edges.starts.at(-1)).toBe(edges.weights.length);
    expect(nodes.kind.filter((kind) => kind === 'feature')).toHaveLength(60);
    expect(residual).toBeLessThan(1e-4);
    expect(heads.residual).toBeLessThan(1e-4);
    expect(weights.heads).toHaveLength(6);
  }, 120_000);

  it('with tokens that the model does not know ends with 1', async () => {
    const { code, error } = await circuit('--plus', 'xyzzy');
    expect(code).toBe(1);
    expect(error).toContain('“xyzzy” is not one token of this model.');
  }, 120_000);
});
