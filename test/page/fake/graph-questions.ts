/** What the worker knows of the graph beside its picture, of a network that does not exist. */
import { problem } from '../../../src/core/errors.js';
import { parseQuery } from '../../../src/core/graph/search/parse-query.js';
import type { Term } from '../../../src/core/graph/search/query.js';
import { matchesText } from '../../../src/core/graph/search/text-pattern.js';
import type { GraphQuestions, Places } from '../../../src/protocol/graph-questions.js';
import type { FakeNetwork, FakeNode } from './network.js';

export function fakeGraphQuestions(network: FakeNetwork): GraphQuestions {
  return {
    async search({ query }) {
      const parsed = parseQuery(query);
      if ('problems' in parsed) return { kind: 'problems', problems: parsed.problems };
      const { terms } = parsed.query;
      const found = terms.length === 0 ? [] : network.nodes.filter((node) => terms.every((term) => fits(node, term)));
      return { kind: 'found', places: places(found), total: found.length };
    },
    async completions({ query, cursor }) {
      const [, before = '', typed = ''] = /^(.*?)(\S*)$/.exec(query.slice(0, cursor)) ?? [];
      if (typed.startsWith('op:')) {
        const operators = new Set(network.nodes.filter(({ kind }) => kind === 'node').map(({ operator }) => operator));
        const items = [...operators]
          .filter((operator) => operator.toLowerCase().includes(typed.slice(3).toLowerCase()))
          .map((text) => ({ text, label: text, detail: 'once' }));
        return { from: before.length + 3, to: cursor, items };
      }
      const fields = ['op', 'name', 'params'].filter((field) => field.startsWith(typed));
      const items = fields.map((field) => ({ text: `${field}:`, label: `${field}:`, detail: 'a field' }));
      return { from: before.length, to: cursor, items };
    },
    async path({ from, to }) {
      const way = shortest(network, membersOf(network, from), membersOf(network, to));
      const back = way ?? shortest(network, membersOf(network, to), membersOf(network, from));
      if (back === undefined) {
        return { kind: 'none', reason: 'Neither is computed from the other.', related: places([]) };
      }
      return {
        kind: 'path',
        direction: way === undefined ? 'backward' : 'forward',
        shortest: places(back),
        nodes: back.filter(({ kind }) => kind === 'node').length,
        onAnyPath: places(back),
      };
    },
    async documentation({ id }) {
      const node = network.nodes.find((candidate) => candidate.id === id);
      if (node === undefined) throw problem('internal', `No node ${id}`);
      return {
        source: 'operator',
        domain: 'ai.onnx',
        operator: node.operator,
        opset: 17,
        since: 11,
        deprecated: false,
        sentence: 'Slides learned kernels over the input and adds up the products.',
        attributes: [
          { name: 'kernel_shape', type: 'ints', required: false, value: '[3, 3]' },
          { name: 'strides', type: 'ints', required: false, default: '1 along each axis' },
        ],
        inputs: [
          { role: 'X', kind: 'required', types: ['float16', 'float32', 'float64'], typeVariable: 'T', value: 'image' },
          { role: 'B', kind: 'optional', types: ['float16', 'float32', 'float64'], typeVariable: 'T' },
        ],
        outputs: [{ role: 'Y', kind: 'required', types: ['float32'], typeVariable: 'T', value: 'y' }],
        later: [
          {
            version: 22,
            changes: [{ kind: 'changed', what: 'input', name: 'X', text: 'input “X” may also be bfloat16' }],
          },
        ],
      };
    },
    async interchange({ format, metric }) {
      return JSON.stringify({ signature: `${format} ${metric}` });
    },
  };
}

function fits({ label, operator, module }: FakeNode, { field, excluded, alternatives }: Term): boolean {
  const texts = field.name === 'op' ? [operator] : [label, module.join('/')];
  const holds = alternatives.some(
    (condition) =>
      condition.kind === 'text' && texts.some((text) => matchesText(condition.pattern, text.toLowerCase())),
  );
  return holds !== excluded;
}

function membersOf({ nodes }: FakeNetwork, id: string): readonly FakeNode[] {
  return nodes.filter((node) => node.id === id || `${node.module.join('/')}/`.startsWith(`${id}/`));
}

function shortest(
  { nodes, edges }: FakeNetwork,
  from: readonly FakeNode[],
  to: readonly FakeNode[],
): readonly FakeNode[] | undefined {
  const before = new Map<string, string | undefined>(from.map(({ id }) => [id, undefined]));
  for (const id of before.keys()) {
    for (const [source, target] of edges) if (source === id && !before.has(target)) before.set(target, id);
  }
  const end = to.find(({ id }) => before.has(id));
  const way: FakeNode[] = [];
  for (let id = end?.id; id !== undefined; id = before.get(id)) {
    way.unshift(...nodes.filter((node) => node.id === id));
  }
  return end === undefined ? undefined : way;
}

function places(found: readonly FakeNode[]): Places {
  const modules: string[] = [];
  const around: number[] = [];
  const within = found.map(({ module }) => {
    let innermost = -1;
    module.forEach((_, depth) => {
      const id = module.slice(0, depth + 1).join('/');
      if (!modules.includes(id)) {
        modules.push(id);
        around.push(innermost);
      }
      innermost = modules.indexOf(id);
    });
    return innermost;
  });
  return {
    items: found.map(({ id }) => id),
    within: Int32Array.from(within),
    modules,
    around: Int32Array.from(around),
  };
}
