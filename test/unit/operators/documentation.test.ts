import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../../src/core/errors.js';
import { documentation, type OperatorDocumentation } from '../../../src/core/graph/operators/documentation.js';
import { parseOperators } from '../../../src/core/graph/operators/parse-operators.js';
import { loadOperators } from '../../../src/node/operators.js';
import { OPERATORS, OPERATORS_FILE } from './documented.js';

const at = (name: string, version: number, domain = ''): OperatorDocumentation =>
  documentation(OPERATORS, domain, name, version) ?? expect.fail(`${name} is not documented at ${version}`);
const attribute = (name: string, version: number, attributeName: string) =>
  at(name, version).attributes.find((each) => each.name === attributeName);
const roles = (values: readonly { readonly name: string }[]): string[] => values.map(({ name }) => name);

// The versions and facts below are those of the ONNX specification, written down here by hand.
describe('the documentation of an operator', () => {
  it.each([
    [1, 1, '1'],
    [7, 1, '1'],
    [11, 11, '1'],
    [12, 11, '1'],
    [13, 13, '-1'],
    [22, 13, '-1'],
  ])('Softmax in opset %i is version %i, whose axis is %s unless given', (opset, since, axis) => {
    expect(at('Softmax', opset).since).toBe(since);
    expect(attribute('Softmax', opset, 'axis')).toEqual({ name: 'axis', type: 'int', required: false, default: axis });
  });

  it.each([
    [7, ['epsilon', 'momentum', 'spatial'], 5],
    [9, ['epsilon', 'momentum'], 5],
    [14, ['epsilon', 'momentum', 'training_mode'], 3],
    [15, ['epsilon', 'momentum', 'training_mode'], 3],
  ])('BatchNormalization %i has the attributes %s and %i outputs', (version, attributes, outputs) => {
    const found = at('BatchNormalization', version);
    expect(found.since).toBe(version);
    expect(roles(found.attributes)).toEqual(attributes);
    expect(found.outputs).toHaveLength(outputs);
    expect(attribute('BatchNormalization', version, 'epsilon')?.default).toBe('0.00001');
    expect(found.inputs.every(({ kind }) => kind === 'required')).toBe(true);
    expect(found.outputs.slice(1).every(({ kind }) => kind === 'optional')).toBe(true);
  });

  it('BatchNormalization lets statistics have a type of their own from version 15 on', () => {
    const variables = (version: number) => at('BatchNormalization', version).inputs.map((input) => input.typeVariable);
    expect(variables(9)).toEqual(['T', 'T', 'T', 'T', 'T']);
    expect(variables(15)).toEqual(['T', 'T1', 'T1', 'T2', 'T2']);
    expect(at('BatchNormalization', 15).inputs[0]?.types).toEqual(['float16', 'float32', 'float64', 'bfloat16']);
  });

  it('Resize takes two inputs in version 10 and up to four later', () => {
    expect(roles(at('Resize', 10).inputs)).toEqual(['X', 'scales']);
    for (const version of [11, 13, 18, 19])
      expect(roles(at('Resize', version).inputs)).toEqual(['X', 'roi', 'scales', 'sizes']);
    expect(at('Resize', 11).inputs.map(({ kind }) => kind)).toEqual(['required', 'required', 'required', 'optional']);
    expect(at('Resize', 13).inputs.map(({ kind }) => kind)).toEqual(['required', 'optional', 'optional', 'optional']);
    expect(attribute('Resize', 13, 'antialias')).toBeUndefined();
    expect(attribute('Resize', 18, 'antialias')?.default).toBe('0');
    expect(attribute('Resize', 10, 'coordinate_transformation_mode')).toBeUndefined();
    expect(attribute('Resize', 19, 'coordinate_transformation_mode')?.default).toBe('half_pixel');
  });

  it('Dropout’s ratio is an attribute up to version 10, an input from 12 on, and the change is said', () => {
    expect(attribute('Dropout', 11, 'ratio')?.default).toBe('0.5');
    expect(roles(at('Dropout', 12).inputs)).toEqual(['data', 'ratio', 'training_mode']);
    const change = at('Dropout', 10).later.find(({ version }) => version === 12);
    expect(change?.changes.map(({ kind, what, name }) => `${kind} ${what} ${name}`)).toEqual([
      'removed attribute ratio',
      'added attribute seed',
      'added input ratio',
      'added input training_mode',
    ]);
    expect(change?.changes.map(({ text }) => text)).toContain('input “ratio” is new (optional)');
  });

  it('says what changed in later versions: defaults, kinds, types, deprecation', () => {
    const texts = (name: string, from: number, version: number) =>
      at(name, from)
        .later.find((later) => later.version === version)
        ?.changes.map(({ text }) => text);
    expect(texts('Softmax', 11, 13)).toEqual([
      'attribute “axis” has the default -1, not 1',
      'input “input” may also be bfloat16',
      'output “output” may also be bfloat16',
    ]);
    expect(texts('Upsample', 9, 10)).toContain('the operator is deprecated');
    expect(texts('ReduceMean', 13, 18)).toEqual(
      expect.arrayContaining(['attribute “axes” is gone', 'input “axes” is new (optional)']),
    );
    expect(at('Upsample', 10).deprecated).toBe(true);
    expect(at('Relu', 100).later).toEqual([]);
  });

  it('knows defaults that the schema leaves to its text, and says nothing where there are none', () => {
    expect(attribute('Conv', 11, 'strides')?.default).toBe('1 along each spatial axis');
    expect(attribute('Conv', 11, 'group')?.default).toBe('1');
    expect(attribute('MaxPool', 12, 'kernel_shape')).toEqual({ name: 'kernel_shape', type: 'ints', required: true });
    expect(attribute('Constant', 13, 'value')?.default).toBeUndefined();
    expect(attribute('RandomNormal', 1, 'dtype')?.default).toBe('1 (float32)');
  });

  it('names variadic inputs and how many there must be', () => {
    expect(at('Concat', 13).inputs).toMatchObject([{ name: 'inputs', kind: 'variadic', typeVariable: 'T' }]);
    expect(at('Loop', 13).leastInputs).toBe(2);
    expect(at('Conv', 11).leastInputs).toBeUndefined();
    expect(at('Adam', 1, 'ai.onnx.preview.training').leastInputs).toBe(3);
  });

  it('covers the other domains, and takes both spellings of the standard one', () => {
    expect(at('TreeEnsembleClassifier', 3, 'ai.onnx.ml').since).toBe(3);
    expect(roles(at('MultiHeadAttention', 1, 'com.microsoft').inputs).slice(0, 3)).toEqual(['query', 'key', 'value']);
    expect(documentation(OPERATORS, 'ai.onnx', 'Relu', 13)).toEqual(at('Relu', 13));
    expect(documentation(OPERATORS, '', 'Relu', undefined)?.since).toBe(14);
  });

  it('is undefined for what does not exist, or not yet', () => {
    expect(documentation(OPERATORS, '', 'Resize', 9)).toBeUndefined();
    expect(documentation(OPERATORS, '', 'NoSuchOperator', 13)).toBeUndefined();
    expect(documentation(OPERATORS, 'somebody', 'Relu', 1)).toBeUndefined();
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      expect(documentation(OPERATORS, '', name, 13)).toBeUndefined();
    }
  });
});

describe('the file of operators', () => {
  it('says a sentence about every standard operator, and names its sources', () => {
    const standard = [...OPERATORS.all()].filter(({ domain }) => domain === '');
    expect(standard.length).toBeGreaterThanOrEqual(203);
    for (const { name, sentence } of standard) expect(sentence, name).toMatch(/^\S.{2,}\.$/);
    expect(OPERATORS.sources.map(({ project, licence }) => [project, licence])).toEqual([
      ['onnx/onnx', 'Apache-2.0'],
      ['microsoft/onnxruntime', 'MIT'],
    ]);
    for (const { commit } of OPERATORS.sources) expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(statSync(OPERATORS_FILE).size).toBeLessThan(600_000);
  });

  it('holds the sentences and defaults as they were written', () => {
    const words = (file: string): Record<string, Record<string, unknown>> =>
      JSON.parse(readFileSync(new URL(`../../../scripts/operators/${file}.json`, import.meta.url), 'utf8')) as never;
    const expected = Object.entries(words('sentences')).flatMap(([domain, sentences]) =>
      Object.entries(sentences).map(([name, sentence]) => `${domain} ${name} ${String(sentence)}`),
    );
    const held = [...OPERATORS.all()].filter(({ sentence }) => sentence !== undefined);
    expect(held.map(({ domain, name, sentence }) => `${domain} ${name} ${sentence}`).sort()).toEqual(expected.sort());
    for (const [domain, operators] of Object.entries(words('defaults'))) {
      for (const [name, defaults] of Object.entries(operators)) {
        expect(Object.fromEntries(OPERATORS.find(domain, name)?.impliedDefaults ?? []), name).toEqual(defaults);
      }
    }
  });

  it('is read once, and an unreadable one is a problem that can be tried again', async () => {
    const first = loadOperators(OPERATORS_FILE);
    expect(loadOperators(OPERATORS_FILE)).toBe(first);
    expect((await first).count).toBe(OPERATORS.count);
    await expect(loadOperators('/nowhere/operators.json')).rejects.toMatchObject({
      problem: { kind: 'file-unreadable' },
    });
    await expect(loadOperators('/nowhere/operators.json')).rejects.toBeInstanceOf(ProblemError);
  });

  it('is refused, not half understood, when it is cut off or of another form', () => {
    const text = readFileSync(OPERATORS_FILE, 'utf8');
    const content = JSON.parse(text) as { operators: { versions: Record<string, unknown>[] }[]; types: unknown };
    const withVersion = (change: Record<string, unknown>): string =>
      JSON.stringify({
        ...content,
        operators: [{ ...content.operators[0], versions: [{ ...content.operators[0]?.versions[0], ...change }] }],
      });
    const spoiled = [
      text.slice(0, text.length / 2),
      'null',
      '[]',
      '{}',
      JSON.stringify({ ...content, types: 'float' }),
      JSON.stringify({ ...content, typeSets: [[9999]] }),
      JSON.stringify({ ...content, operators: [{ domain: '', name: 'Relu', versions: [] }] }),
      withVersion({ since: -1 }),
      withVersion({ since: 1.5 }),
      withVersion({ inputs: [{ name: 'x', type: 'Q' }] }),
      withVersion({ inputs: [{ name: 'x', type: '__proto__' }] }),
      withVersion({ inputs: [{ name: 'x', type: 0, kind: 'sometimes' }] }),
      withVersion({ attributes: [{ name: 'a', type: 'int', default: {} }] }),
      withVersion({ attributes: [{ name: 'a', type: 'int', default: [1, 'x'] }] }),
    ];
    for (const file of spoiled) expect(() => parseOperators(file), file.slice(0, 80)).toThrow(ProblemError);
    expect(parseOperators(withVersion({})).count).toBe(1);
  });
});
