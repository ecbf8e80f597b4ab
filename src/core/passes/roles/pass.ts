import { displayText } from '../../display-text.js';
import { inputId, nodeId } from '../../graph/item-ids.js';
import type { Graph } from '../../graph/graph.js';
import { findRoles, type MlpBlock, type Roles } from '../../graph/roles/roles.js';
import { roleText } from '../../graph/roles/role-words.js';
import type { FilePass } from '../pass.js';
import { NO_ACTIVATIONS, type PassResult, type ResultRow, type ResultTable } from '../result.js';
import { count } from '../words.js';

/** Longer tables are cut: nobody reads on. */
const MAXIMUM_ROWS = 5000;

/** Which value is which point of the network, by structure alone: formats 2.1. */
export const roles: FilePass = {
  id: 'roles',
  version: 2,
  reads: 'structure',
  title: 'What plays which role',
  question:
    'Where are the MLP blocks, attention, the residual stream and the normalisations, and what are they called?',
  method:
    'Roles are recognised by what is connected to what; names in the file play no part. An MLP block is an activation ' +
    'function between two linear layers with constant weights, gated where its output is multiplied with another linear ' +
    'layer of the same input. Attention is a softmax over the product of two changing values that is multiplied with a ' +
    'third, or one of the fused operators. A layer is what attention and an MLP add back to what they started from. Hook ' +
    'names are those of TransformerLens, under which sparse autoencoders and transcoders are published: ' +
    'blocks.L.hook_mlp_out and hook_attn_out are what is added to the residual stream, so they come after a ' +
    'normalisation behind the layer; hook_normalized is before the gain, mlp.hook_in after it; attn.hook_q, hook_k and ' +
    'hook_v are given where they are projected, before heads are parted. “Do the roles hold?” proves them on your inputs.',
  applies({ graph }) {
    if (graph === undefined) {
      return { applies: false, reason: 'The file holds weights only: it does not say how they are used.' };
    }
    const { points, attention, noMlpBlocks = '', noLayers = '' } = findRoles(graph);
    if (points.length > 0 || attention.length > 0) return { applies: true };
    const why = [noMlpBlocks, noLayers].filter((text) => text !== '').join(' ');
    return { applies: false, reason: `No roles were found. ${why} All other questions work on plain activations.` };
  },
  async examine({ network }) {
    if (network === undefined) throw new Error('The pass does not apply to weights alone.');
    const { graph } = network;
    const found = findRoles(graph);
    const result: PassResult = {
      pass: roles.id,
      passVersion: roles.version,
      answer: answerOf(found),
      findings: [],
      ...NO_ACTIVATIONS,
      tables: [pointsTable(graph, found), ...(found.mlpBlocks.length === 0 ? [] : [blocksTable(graph, found)])],
    };
    return Promise.resolve(result);
  },
};

function answerOf({ layers, attention, mlpBlocks, normalisations, noLayers = '' }: Roles): string {
  const parts: string[] = [];
  if (layers.length > 0) {
    parts.push(`${counted(layers.length, 'transformer layer')} along a residual stream`);
  }
  if (attention.length > 0) parts.push(`${counted(attention.length, 'attention block')}${headsText(attention)}`);
  if (mlpBlocks.length > 0) parts.push(...blockTexts(mlpBlocks));
  if (normalisations.length > 0) parts.push(counted(normalisations.length, 'normalisation'));
  const list = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}` : (parts[0] ?? '');
  const found =
    list === ''
      ? 'No block of a network was found, only embeddings: all other questions work on plain activations.'
      : `The graph has ${list}.`;
  return noLayers === ''
    ? found
    : `${found} Its values have no hook names, which belong to transformer layers. ${noLayers}`;
}

function counted(some: number, word: string): string {
  return some === 1 ? `1 ${word}` : `${count(some)} ${word}s`;
}

function headsText(attention: Roles['attention']): string {
  const heads = new Set(attention.map(({ heads: each }) => each));
  const shared = new Set(attention.map(({ keyValueHeads }) => keyValueHeads));
  const [only] = heads;
  const [keyValue] = shared;
  if (heads.size !== 1 || only === undefined) return '';
  const text = ` with ${counted(only, 'head')}`;
  return shared.size === 1 && keyValue !== undefined && keyValue !== only
    ? `${text} (${count(keyValue)} for keys and values)`
    : text;
}

/** One for every kind. */
function blockTexts(blocks: readonly MlpBlock[]): readonly string[] {
  const kinds = [...new Set(blocks.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const sizes = blocks.filter((block) => block.kind === kind).map(({ hidden }) => hidden);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    const range = least === most ? count(least) : `${count(least)} to ${count(most)}`;
    return `${counted(sizes.length, `${kind} MLP block`)} of ${range} ${unitOf(kind)}`;
  });
}

function unitOf(kind: MlpBlock['kind']): string {
  return kind === 'convolutional' || kind === 'inverted-bottleneck' ? 'channels' : 'neurons';
}

function pointsTable(graph: Graph, { points }: Roles): ResultTable {
  const rows = points.slice(0, MAXIMUM_ROWS).map(({ place, role, hooks, value }): ResultRow => ({
    cells: [displayText(place), roleText(role), hooks.length === 0 ? '—' : hooks.join(', '), displayText(value)],
    ...itemOf(graph, value),
  }));
  return {
    id: 'roles',
    title: 'Roles of values',
    definition: `Each value that has a role, in the order of computation; a value may have several. The stream is the residual stream, to which every block adds.${points.length > MAXIMUM_ROWS ? ` The first ${count(MAXIMUM_ROWS)} of ${count(points.length)} are listed.` : ''}`,
    columns: [
      { id: 'place', label: 'Where', format: 'text' },
      { id: 'role', label: 'Role', format: 'text' },
      { id: 'hooks', label: 'Hook names', format: 'text' },
      { id: 'value', label: 'Value', format: 'text' },
    ],
    rows,
  };
}

function blocksTable(graph: Graph, { mlpBlocks }: Roles): ResultTable {
  return {
    id: 'mlp-blocks',
    title: 'MLP blocks',
    definition:
      'Neurons are what the last linear layer of the block reads: the activation, or its product with another linear layer. Of convolutional blocks they are channels.',
    columns: [
      { id: 'label', label: 'Block', format: 'text' },
      { id: 'kind', label: 'Kind', format: 'text' },
      { id: 'hidden', label: 'Neurons or channels', format: 'count' },
      { id: 'input', label: 'Reads', format: 'text' },
      { id: 'neurons', label: 'Neurons', format: 'text' },
      { id: 'output', label: 'Gives', format: 'text' },
    ],
    rows: mlpBlocks.slice(0, MAXIMUM_ROWS).map(({ label, kind, hidden, input, neurons, output }) => ({
      cells: [label, kind, hidden, displayText(input), displayText(neurons), displayText(output)],
      ...itemOf(graph, neurons),
    })),
  };
}

/** What a click on a value selects: the node that makes it, or the input that it is. */
function itemOf(graph: Graph, value: string): { readonly item?: string } {
  const producer = graph.producerOf(value);
  if (producer !== undefined) return { item: nodeId(producer) };
  const input = graph.inputs.findIndex(({ name }) => name === value);
  return input < 0 ? {} : { item: inputId(input) };
}
