import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ProblemError } from '../../../src/core/errors.js';
import { FunctionProtoSchema, type FunctionProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { bodyScopes, mainScope, outerValues, scopeOf, type GraphScope } from '../../../src/core/graph/graph-scopes.js';
import {
  idInScope,
  idWithinScope,
  itemOfId,
  MAXIMUM_SCOPE_DEPTH,
  scopeId,
  scopeOfId,
  type ScopePath,
} from '../../../src/core/graph/item-ids.js';
import { modulesAround } from '../../../src/core/graph/locate.js';
import { nodeDetail } from '../../../src/core/graph/node-detail.js';
import { scopePicture } from '../../../src/core/graph/picture/scope-picture.js';
import { graphProto, modelProto, node, scalar, type GraphParts } from '../graph-builder.js';

/** A condition whose one branch loops, and calls a function that calls itself. */
function nested(): Graph {
  const body = graphProto({
    nodes: [
      node('Identity', ['going'], ['go'], { name: 'keep' }),
      node('Add', ['state', 'doubled'], ['next'], { name: '/step/inner/Add' }),
      node('Abs', ['next'], ['shown'], { name: '/step/inner/Abs' }),
      node('Neg', ['shown'], ['seen'], { name: '/step/Neg' }),
      node('Exp', ['seen'], ['kept'], { name: '/last/Exp' }),
    ],
    inputs: ['round', 'going', 'state'],
    outputs: ['go', 'kept'],
  });
  const thenBranch = graphProto({
    nodes: [
      node('Mul', ['x', 'two'], ['doubled'], { name: 'double' }),
      node('Loop', ['count', '', 'doubled'], ['r'], { name: 'rounds', attributes: { body } }),
    ],
    inputs: [],
    outputs: ['r'],
  });
  const elseBranch = graphProto({
    nodes: [node('Again', ['x'], ['a'], { domain: 'own' })],
    inputs: [],
    outputs: ['a'],
  });
  const parts: GraphParts = {
    nodes: [
      node('If', ['c'], ['y'], { name: 'choose', attributes: { then_branch: thenBranch, else_branch: elseBranch } }),
    ],
    inputs: ['x', 'c', 'count'],
    outputs: ['y'],
    initializers: [scalar('two', 2)],
  };
  const again: FunctionProto = create(FunctionProtoSchema, {
    name: 'Again',
    domain: 'own',
    input: ['v'],
    output: ['w'],
    node: [node('Neg', ['v'], ['n']), node('Again', ['n'], ['w'], { domain: 'own', name: 'inner' })],
  });
  return createGraph({ ...modelProto(parts), functions: [again] });
}

const main = nested();
const at = (...path: readonly (readonly [node: number, body: number])[]): GraphScope =>
  scopeOf(main, path.map(([index, body]) => ({ node: index, body }))); // prettier-ignore

describe('ids of items in bodies', () => {
  const path: ScopePath = [{ node: 0, body: 1 }, { node: 12, body: 0 }]; // prettier-ignore

  test('tell the way to the body and the item in it, and back', () => {
    expect(scopeId(path)).toBe('#0.1/#12.0');
    expect(scopeOfId(scopeId(path))).toEqual(path);
    expect(idInScope(path, '#5')).toBe('#0.1/#12.0/#5');
    expect(itemOfId('#0.1/#12.0/#5')).toEqual({ scope: path, kind: 'node', index: 5 });
    expect(itemOfId('#0.1/encoder/layer.0')).toEqual({
      scope: path.slice(0, 1),
      kind: 'module',
      id: 'encoder/layer.0',
    });
    expect(itemOfId('#0.1/#outer 2')).toEqual({ scope: path.slice(0, 1), kind: 'outer', index: 2 });
    expect(idWithinScope(path, idInScope(path, 'a/b'))).toBe('a/b');
    expect(idWithinScope([], 'a/b')).toBe('a/b');
  });

  test('that nobody wrote lead nowhere, and none is followed forever', () => {
    expect(scopeOfId('')).toEqual([]);
    for (const id of ['#0', '0.1', '#0.1/', '#0.1//#2.0', '#1e9.0', '#9999999999.0', '#0.1/#5', 'layer1']) {
      expect(scopeOfId(id)).toBeUndefined();
    }
    const deep = Array.from({ length: 100_000 }, () => '#0.0').join('/');
    expect(scopeOfId(deep)).toBeUndefined();
    expect(itemOfId(`${deep}/#1`).scope).toHaveLength(MAXIMUM_SCOPE_DEPTH);
    expect(() => nodeDetail(main, `${deep}/#1`)).toThrow(ProblemError);
  });
});

describe('bodies', () => {
  test('of a node are listed with the scopes that open them', () => {
    const [choose] = main.nodes;
    expect(choose && bodyScopes(mainScope(main), choose)).toEqual([
      { scope: '#0.0', label: 'then_branch', kind: 'subgraph' },
      { scope: '#0.1', label: 'else_branch', kind: 'subgraph' },
    ]);
    expect(nodeDetail(main, '#0').bodies?.map(({ label }) => label)).toEqual(['then_branch', 'else_branch']);
    expect(nodeDetail(main, '#0.0/#0').bodies).toBeUndefined();
    expect(nodeDetail(main, '#0.1/#0').bodies).toEqual([{ scope: '#0.1/#0.0', label: 'Again', kind: 'function' }]);
  });

  test('read values from around them; weights are no such values', () => {
    expect(outerValues(at([0, 0]))).toEqual(['x', 'count']);
    expect(outerValues(at([0, 0], [1, 0]))).toEqual(['doubled']);
    expect(outerValues(at([0, 1], [0, 0]))).toEqual([]);
    expect(nodeDetail(main, '#0.0/#outer 1')).toMatchObject({ title: 'count', operator: 'Value from around the body' });
    expect(nodeDetail(main, '#0.1/#0.0/#input 0')).toMatchObject({ title: 'v', operator: 'Input' });
  });

  test('have pictures of their own: what comes from around on top, and the way back', async () => {
    const picture = await scopePicture({ scope: at([0, 0]) });
    expect(picture.items.map(({ id, kind, label }) => [id, kind, label])).toEqual([
      ['#0.0/#outer 0', 'input', 'x'],
      ['#0.0/#outer 1', 'input', 'count'],
      ['#0.0/#0', 'node', 'double'],
      ['#0.0/#1', 'node', 'rounds'],
      ['#0.0/#output 0', 'output', 'r'],
    ]);
    expect(picture.edges.map(({ from, to }) => `${from} ${to}`)).toEqual([
      '#0.0/#outer 0 #0.0/#0', '#0.0/#outer 1 #0.0/#1', '#0.0/#0 #0.0/#1', '#0.0/#1 #0.0/#output 0',
    ]); // prettier-ignore
    expect(picture.items[3]?.bodies).toEqual([{ scope: '#0.0/#1.0', label: 'body', kind: 'subgraph' }]);
    expect(picture.trail).toEqual([{ scope: '#0.0', label: 'choose then_branch', kind: 'subgraph' }]);
    const whole = await scopePicture({ scope: mainScope(main) });
    expect(whole.trail).toEqual([]);
    expect(whole.items.map(({ id }) => id)).toContain('#0');
  });

  test('have modules of their own, which open and close as others do', async () => {
    const scope = at([0, 0], [1, 0]);
    const closed = await scopePicture({ scope, expanded: [] });
    expect(closed.items.filter(({ kind }) => kind === 'module').map(({ id }) => id)).toEqual(['#0.0/#1.0/step']);
    const open = await scopePicture({ scope, expanded: ['#0.0/#1.0/step', '#0.0/#1.0/step/inner', 'step'] });
    expect(open.expanded).toEqual(['#0.0/#1.0/step', '#0.0/#1.0/step/inner']);
    expect(open.items.find(({ id }) => id === '#0.0/#1.0/#1')?.parent).toBe('#0.0/#1.0/step/inner');
    expect(open.trail?.map(({ label }) => label)).toEqual(['choose then_branch', 'rounds body']);
    expect(modulesAround(main, { item: '#0.0/#1.0/#1' })).toEqual(['#0.0/#1.0/step', '#0.0/#1.0/step/inner']);
    expect(nodeDetail(main, '#0.0/#1.0/step')).toMatchObject({ title: 'step', operator: '3 nodes' });
    for (const { id } of open.items) expect(nodeDetail(main, id).id).toBe(id);
  });

  test('of functions that call themselves end somewhere', () => {
    let scope = at([0, 1], [0, 0]);
    expect(scope).toMatchObject({ kind: 'function', name: 'Again' });
    let depth = 2;
    for (; ; depth++) {
      const inner = scope.graph.nodes[1];
      const [body] = inner === undefined ? [] : bodyScopes(scope, inner);
      const path = body && scopeOfId(body.scope);
      if (path === undefined) break;
      scope = scopeOf(main, path);
    }
    expect(depth).toBe(MAXIMUM_SCOPE_DEPTH);
    expect(() => scopeOf(main, [...scope.path, { node: 1, body: 0 }])).toThrow('too deeply');
  });

  test('that do not exist are refused', () => {
    expect(() => at([0, 2])).toThrow('no such body');
    expect(() => at([7, 0])).toThrow('no such body');
    expect(() => nodeDetail(main, '#0.0/#99')).toThrow('no such item');
    expect(() => modulesAround(main, { item: '#3.0/#1' })).toThrow('no such body');
  });
});
