/** Control flow written out at an input says what it says there, and is read through. */
import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { everyNode } from '../../../src/core/formats/onnx/walk.js';
import {
  FunctionProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../../src/core/formats/onnx/onnx_pb.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { prepareForLinearize } from '../../../src/core/rewrite/linearize/prepare.js';
import { writeOutBodies, type WrittenBodies } from '../../../src/core/rewrite/linearize/write-out-bodies.js';
import { int64Tensor, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { ENGINES } from '../engine/engines.js';
import { graphProto, modelProto, node, scalar, valueInfo, weight, type GraphParts } from '../graph-builder.js';
import { withSystem } from '../linear/open-system.js';
import { float, numbers, runModel, systemOf } from './linear-system.js';

const OPSET = 18;
const TYPED = [makeValueInfo('i', DataType.INT64, []), makeValueInfo('go', DataType.BOOL, [])];

function truth(name: string, value: boolean): TensorProto {
  return create(TensorProtoSchema, { name, dataType: DataType.BOOL, int32Data: [Number(value)] });
}

function body(parts: GraphParts): GraphProto {
  return graphProto({ inputs: [], ...parts });
}

/** A body of a Loop: the condition handed on, what is carried, and lists. */
function loopBody(nodes: readonly NodeProto[], carried: readonly ValueInfoProto[], outputs: readonly string[]) {
  return body({ nodes, inputs: [...TYPED, ...carried], outputs: [makeValueInfo('go', DataType.BOOL, []), ...outputs] });
}

async function writtenOut(engine: Engine, model: ModelProto, feeds: NamedTensors): Promise<WrittenBodies> {
  return writeOutBodies(prepareForLinearize(model), (deciding) => runModel(engine, deciding, feeds));
}

/** Nothing is left of control flow, the values are those of the model, and A x + b is f(x): read forwards and backwards. */
async function expectRead(
  engine: Engine,
  model: ModelProto,
  feeds: NamedTensors,
  cut: { readonly from: string; readonly to: string },
): Promise<{ readonly rows: readonly (readonly number[])[]; readonly written: WrittenBodies }> {
  const want = await runModel(engine, model, feeds);
  const written = await writtenOut(engine, model, feeds);
  expect([...everyNode(written.graph.model)].filter(({ opType }) => /^(If|Loop|Scan)$/.test(opType))).toEqual([]);
  expect(written.graph.problems).toEqual([]);
  const got = await runModel(engine, written.graph.model, feeds);
  for (const [name, tensor] of Object.entries(want)) {
    expect(got[name]?.dims).toEqual(tensor.dims);
    numbers(tensor).forEach((value, at) => expect(numbers(got[name])[at]).toBeCloseTo(value, 4));
  }
  const system = await systemOf(engine, written.graph.model, feeds, cut);
  expect(system.linearization.cutNodes).toEqual([]);
  system.value.forEach((value, at) => expect(system.affine[at]).toBeCloseTo(value, 4));
  system.rows.forEach((row, output) =>
    row.forEach((gain, input) => expect(system.columns[input]?.[output]).toBeCloseTo(gain, 5)),
  );
  return { rows: system.rows, written };
}

function expectRows(rows: readonly (readonly number[])[], want: readonly (readonly number[])[]): void {
  expect(rows.length).toBe(want.length);
  want.forEach((row, at) => row.forEach((gain, input) => expect(rows[at]?.[input]).toBeCloseTo(gain, 5)));
}

/** y = 2 x where the sum of x is positive, else x + 10. Both branches call a value of theirs the same, and capture x. */
const BRANCHES = modelProto(
  {
    nodes: [
      node('ReduceSum', ['x'], ['sum'], { attributes: { keepdims: 0n } }),
      node('Greater', ['sum', 'zero'], ['positive']),
      node('If', ['positive'], ['y'], {
        attributes: {
          then_branch: body({
            nodes: [node('Mul', ['x', 'number'], ['out'])],
            initializers: [scalar('number', 2)],
            outputs: [valueInfo('out', [2])],
          }),
          else_branch: body({
            nodes: [node('Add', ['x', 'number'], ['out'])],
            initializers: [scalar('number', 10)],
            outputs: [valueInfo('out', [2])],
          }),
        },
      }),
    ],
    inputs: [valueInfo('x', [2])],
    outputs: [valueInfo('y', [2])],
    initializers: [scalar('zero', 0)],
  },
  OPSET,
);

/** A = [[1, 1], [0, 2]], y = Aⁿ x and the list of what is there before each step. */
function powers(times: number): ModelProto {
  return modelProto(
    {
      nodes: [
        node('Loop', ['times', '', 'x'], ['y', 'before'], {
          attributes: {
            body: loopBody(
              [node('MatMul', ['A', 'h'], ['out']), node('Identity', ['h'], ['seen'])],
              [valueInfo('h', [2, 1])],
              ['out', 'seen'],
            ),
          },
        }),
      ],
      inputs: [valueInfo('x', [2, 1])],
      outputs: [valueInfo('y', [2, 1]), valueInfo('before', ['steps', 2, 1])],
      initializers: [weight('A', [2, 2], [1, 1, 0, 2]), int64Tensor('times', [], [times])],
    },
    OPSET,
  );
}

/** Sums of x from the front, from the back: two sequences, two states, two lists. */
function sums(reversed: bigint): ModelProto {
  return modelProto(
    {
      nodes: [
        node('Scan', ['start', 'start', 'x', 'w'], ['last', 'other', 'all', 'products'], {
          attributes: {
            num_scan_inputs: 2n,
            scan_input_directions: ints(reversed, reversed),
            scan_output_directions: ints(reversed, 0n),
            scan_input_axes: ints(1n, 0n),
            scan_output_axes: ints(-1n, 0n),
            body: body({
              nodes: [
                node('Add', ['s', 'e'], ['t']),
                node('Mul', ['e', 'f'], ['p']),
                node('Add', ['r', 'p'], ['q']),
                node('Identity', ['t'], ['t list']),
              ],
              inputs: ['s', 'r', 'e', 'f'].map((name) => valueInfo(name, [1])),
              outputs: ['t', 'q', 't list', 'p'].map((name) => valueInfo(name, [1])),
            }),
          },
        }),
      ],
      inputs: [valueInfo('x', [1, 3])],
      outputs: [valueInfo('last'), valueInfo('other'), valueInfo('all'), valueInfo('products')],
      initializers: [weight('start', [1], [0.5]), weight('w', [3, 1], [1, 10, 100])],
    },
    OPSET,
  );
}

function ints(...values: bigint[]): readonly number[] {
  return values.map(Number);
}

describe.each(ENGINES)('writing out bodies with the $name engine', ({ load }) => {
  test.each([
    { x: [1, 3], rows: [2, 0, 0, 2], way: 'then' },
    { x: [-1, -3], rows: [1, 0, 0, 1], way: 'else' },
  ])('an If is the branch that was taken: $way', async ({ x, rows }) => {
    const read = await expectRead(await load(), BRANCHES, { x: float([2], x) }, { from: 'x', to: 'y' });
    expectRows(read.rows, [rows.slice(0, 2), rows.slice(2)]);
    expect(read.written.isOfThisInput).toBe(true);
  });

  test('a Loop is its steps: A³', async () => {
    const engine = await load();
    const x = float([2, 1], [3, -1]);
    const { rows, written } = await expectRead(engine, powers(3), { x }, { from: 'x', to: 'y' });
    expectRows(rows, [
      [1, 7],
      [0, 8],
    ]);
    expect(written.isOfThisInput).toBe(false);
    const lists = await expectRead(engine, powers(3), { x }, { from: 'x', to: 'before' });
    expectRows(lists.rows, [
      [1, 0],
      [0, 1],
      [1, 1],
      [0, 2],
      [1, 3],
      [0, 4],
    ]);
  });

  test('a Loop ends where its condition does, and an If in it goes its own way in each step', async () => {
    // h is doubled while it is below 10, in odd steps 1 is added; at most 20 steps: 1, 2, 5, 10.
    const model = modelProto(
      {
        nodes: [
          node('Loop', ['most', 'yes', 'x'], ['y', 'numbers'], {
            attributes: {
              body: body({
                nodes: [
                  node('Add', ['h', 'h'], ['double']),
                  node('Mod', ['i', 'two'], ['rest']),
                  node('Cast', ['rest'], ['odd'], { attributes: { to: BigInt(DataType.BOOL) } }),
                  node('If', ['odd'], ['next'], {
                    attributes: {
                      then_branch: body({
                        nodes: [node('Add', ['double', 'one'], ['o'])],
                        outputs: [valueInfo('o', [1])],
                      }),
                      else_branch: body({
                        nodes: [node('Identity', ['double'], ['o'])],
                        outputs: [valueInfo('o', [1])],
                      }),
                    },
                  }),
                  node('Less', ['next', 'ten'], ['less']),
                  node('Squeeze', ['less'], ['goes on']),
                  node('Cast', ['i'], ['number'], { attributes: { to: BigInt(DataType.FLOAT) } }),
                ],
                inputs: [...TYPED, valueInfo('h', [1])],
                outputs: [makeValueInfo('goes on', DataType.BOOL, []), valueInfo('next', [1]), valueInfo('number', [])],
              }),
            },
          }),
        ],
        inputs: [valueInfo('x', [1])],
        outputs: [valueInfo('y', [1]), valueInfo('numbers', ['steps'])],
        initializers: [
          int64Tensor('most', [], [20]),
          int64Tensor('two', [], [2]),
          truth('yes', true),
          scalar('one', 1),
          scalar('ten', 10),
        ],
      },
      OPSET,
    );
    const feeds = { x: float([1], [1]) };
    expect(numbers((await runModel(await load(), model, feeds))['numbers'])).toEqual([0, 1, 2]);
    const { rows, written } = await expectRead(await load(), model, feeds, { from: 'x', to: 'y' });
    expectRows(rows, [[8]]);
    expect(written.isOfThisInput).toBe(true);
  });

  test.each([
    // x = (2, 3, 5): what is summed with 0.5 before, and the weights in which their products are summed.
    { reversed: 0n, all: [2.5, 5.5, 10.5], last: [1, 1, 1], other: [1, 10, 100] },
    { reversed: 1n, all: [10.5, 8.5, 5.5], last: [1, 1, 1], other: [1, 10, 100] },
  ])('a Scan is its steps, direction $reversed', async ({ reversed, all, last, other }) => {
    const engine = await load();
    const feeds = { x: float([1, 3], [2, 3, 5]) };
    expect(numbers((await runModel(engine, sums(reversed), feeds))['all'])).toEqual(all);
    const to = async (end: string): Promise<readonly (readonly number[])[]> =>
      (await expectRead(engine, sums(reversed), feeds, { from: 'x', to: end })).rows;
    expectRows(await to('last'), [last]);
    expectRows(await to('other'), [other]);
    const front = [
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
    ];
    expectRows(await to('all'), reversed === 0n ? front : front.map((row) => [...row].reverse()).reverse());
    const products = [
      [1, 0, 0],
      [0, 10, 0],
      [0, 0, 100],
    ];
    expectRows(await to('products'), reversed === 0n ? products : [...products].reverse());
  });

  test('a Loop that runs too often stays, and is named with the reason', async () => {
    const engine = await load();
    const model = powers(512);
    const feeds = { x: float([2, 1], [0, 0]) };
    const { graph, unread } = await writtenOut(engine, model, feeds);
    expect(graph.nodes.map(({ opType }) => opType)).toContain('Loop');
    expect([...unread]).toEqual([['y', 'Loop runs 512 times: at most 128 steps are written out']]);
    await expect(withSystem(engine, model, feeds, { from: 'x', to: 'y' }, async () => undefined)).rejects.toMatchObject(
      {
        problem: {
          kind: 'not-applicable',
          remedy: expect.stringContaining('Loop runs 512 times: at most 128 steps are written out'),
        },
      },
    );
  });

  test('biases in a body are booked at its node, and another input may go another way', async () => {
    const feeds = { x: float([2], [-1, -3]) };
    await withSystem(await load(), BRANCHES, feeds, {}, async (system, graphs) => {
      const { exactness, cut } = await system.describe();
      expect({ ...exactness, residual: 0 }).toMatchObject({ isExact: true });
      expect(cut).toEqual([]);
      expect(system.layers.map(({ label }) => label)).toEqual(['If']);
      const [vote] = await system.votes([1]);
      expect([vote?.value, vote?.biasSum, ...(vote?.ledger ?? [])]).toEqual([7, 10, 10]);
      expect(graphs.fit(feeds)).toBe(false);
    });
    const x = float([2, 1], [3, -1]);
    await withSystem(await load(), powers(3), { x }, {}, async (_, graphs) => {
      expect(graphs.fit({ x })).toBe(true);
    });
  });
});

test('a graph without control flow is left as it is, and what is constant needs no run', async () => {
  const none = (): Promise<NamedTensors> => Promise.reject(new Error('Nothing is to be run.'));
  const plain = prepareForLinearize(modelProto({ nodes: [node('Relu', ['x'], ['y'])], outputs: ['y'] }, OPSET));
  expect((await writeOutBodies(plain, none)).graph).toBe(plain);
  const { graph } = await writeOutBodies(prepareForLinearize(powers(2)), none);
  expect(graph.nodes.filter(({ opType }) => opType === 'MatMul').length).toBe(2);
});

test('a call in a branch is written out, too', async () => {
  const model = {
    ...modelProto(
      {
        nodes: [
          node('If', ['yes'], ['y'], {
            attributes: {
              then_branch: body({ nodes: [node('Twice', ['x'], ['o'], { domain: 'own' })], outputs: ['o'] }),
              else_branch: body({ nodes: [node('Identity', ['x'], ['o'])], outputs: ['o'] }),
            },
          }),
        ],
        outputs: ['y'],
        initializers: [truth('yes', true)],
      },
      OPSET,
    ),
    functions: [
      create(FunctionProtoSchema, {
        name: 'Twice',
        domain: 'own',
        input: ['a'],
        output: ['b'],
        node: [node('Add', ['a', 'a'], ['b'])],
        opsetImport: [create(OperatorSetIdProtoSchema, { version: BigInt(OPSET) })],
      }),
    ],
  };
  const { graph } = await writeOutBodies(prepareForLinearize(model), () => Promise.resolve({}));
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Add', 'Identity']);
});

test('a value that a body reads is not taken for one that a body inside it makes', async () => {
  // Engines refuse two of one name in scopes inside each other; a file may have them. The loop hands `t` on as `h`; the branch inside makes a `t` of its own, and reads `h`.
  const model = modelProto(
    {
      nodes: [
        node('Neg', ['x'], ['t']),
        node('Loop', ['times', '', 't'], ['y'], {
          attributes: {
            body: loopBody(
              [
                node('If', ['go'], ['out'], {
                  attributes: {
                    then_branch: body({
                      nodes: [node('Identity', ['x'], ['t']), node('Add', ['h', 't'], ['o'])],
                      outputs: [valueInfo('o', [1])],
                    }),
                    else_branch: body({ nodes: [node('Identity', ['h'], ['o'])], outputs: [valueInfo('o', [1])] }),
                  },
                }),
              ],
              [valueInfo('h', [1])],
              ['out'],
            ),
          },
        }),
      ],
      inputs: [valueInfo('x', [1])],
      outputs: [valueInfo('y', [1])],
      initializers: [int64Tensor('times', [], [3])],
    },
    OPSET,
  );
  const engine = await (ENGINES[0]?.load() ?? Promise.reject(new Error('There is no engine.')));
  const written = await writeOutBodies(prepareForLinearize(model), () =>
    Promise.reject(new Error('Nothing is to run.')),
  );
  // −x + 3 x.
  const { y } = await runModel(engine, written.graph.model, { x: float([1], [4]) });
  expect(numbers(y)).toEqual([8]);
});
