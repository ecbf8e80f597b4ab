import type { CircuitNode } from '../core/circuits/attribution-graph.js';
import { onOneLine } from '../core/display-text.js';
import { ProblemError, type Problem } from '../core/errors.js';
import { strongestPaths, type CircuitPath } from '../core/circuits/paths.js';
import {
  NODE_KINDS,
  type CircuitAnswer,
  type CircuitHeads,
  type CircuitRequest,
  type CircuitWeights,
  type TranscoderSetDescription,
} from '../protocol/circuits.js';
import type { WorkerApi } from '../protocol/worker-api.js';
import { headLines, weightLines } from './circuit-target.js';
import { number } from './numbers.js';
import { openInspection, type CliOptions } from './open.js';
import { tokenNumber } from '../core/told-numbers.js';

export interface CircuitOptions extends CliOptions {
  readonly request: CircuitRequest;
  readonly json: boolean;
}

interface Found {
  readonly answer: CircuitAnswer;
  readonly transcoders: TranscoderSetDescription | undefined;
  readonly edges: { readonly sources: Uint32Array; readonly weights: Float32Array };
  /** By target, the strongest target first. */
  readonly paths: readonly { readonly target: number; readonly paths: readonly CircuitPath[] }[];
  /** Of the strongest target. */
  readonly heads: CircuitHeads | Problem;
  readonly weights: CircuitWeights | Problem;
}

/** Finds the circuit of one text and prints its scores and its strongest paths. */
export async function circuitCommand(options: CircuitOptions): Promise<number> {
  const { inspection, model } = await openInspection(options);
  try {
    const answer = await inspection.circuit(options.request);
    const edges = await edgesOf(inspection, answer);
    const { starts, nodes } = answer;
    const matrix = { size: starts.length - 1, starts, ...edges };
    const targets = [...nodes.weight.keys()]
      .filter((node) => (nodes.weight[node] as number) > 0)
      .sort((a, b) => (nodes.weight[b] as number) - (nodes.weight[a] as number));
    const plain = plainNodes(answer);
    const paths = targets.map((target) => ({ target, paths: strongestPaths(plain, matrix, target) }));
    const asked = { circuit: answer.id, node: targets[0] ?? -1 };
    const heads = await orProblem(inspection.circuitHeads(asked));
    const weights = await orProblem(inspection.circuitWeights(asked));
    const found = { answer, transcoders: model.transcoders, edges, paths, heads, weights };
    process.stdout.write(options.json ? asJson(found) : asText(found));
    return 0;
  } finally {
    await inspection.close({});
  }
}

/** What cannot be told of a model is a part of the answer. */
async function orProblem<T>(asked: Promise<T>): Promise<T | Problem> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.kind === 'not-applicable') return error.problem;
    throw error;
  }
}

async function edgesOf(inspection: WorkerApi, { id, starts }: CircuitAnswer): Promise<Found['edges']> {
  const count = starts.at(-1) ?? 0;
  const edges = { sources: new Uint32Array(count), weights: new Float32Array(count) };
  for (let first = 0; first < count;) {
    const part = await inspection.circuitEdges({ circuit: id, first });
    edges.sources.set(part.sources, first);
    edges.weights.set(part.weights, first);
    first += part.sources.length;
  }
  return edges;
}

/** What following paths needs of nodes. */
function plainNodes({ nodes }: CircuitAnswer): readonly CircuitNode[] {
  return Array.from(nodes.kind, (kind, at) => ({
    kind: NODE_KINDS[kind],
    position: nodes.position[at],
    layer: nodes.layer[at],
    feature: nodes.feature[at],
    activation: nodes.activation[at],
  })) as CircuitNode[];
}

/** Columns as lists of numbers. */
function asJson({ answer, transcoders, edges, ...found }: Found): string {
  const plain = (_key: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  const { nodes, starts, ...scores } = answer;
  const kinds = Array.from(nodes.kind, (kind) => NODE_KINDS[kind]);
  return `${JSON.stringify({ ...scores, transcoders, nodes: { ...nodes, kind: kinds }, edges: { starts, ...edges }, ...found }, plain, 2)}\n`;
}

function asText({ answer, transcoders, edges, paths, heads, weights }: Found): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const { nodes } = answer;
  const features = nodes.kind.reduce((sum, kind) => sum + Number(NODE_KINDS[kind] === 'feature'), 0);
  const lines = [
    `Tokens: ${onOneLine(answer.tokens.map((token) => `[${token}]`).join(''))}`,
    `On ${answer.data}${answer.synthetic ? ' (random inputs beside it)' : ''}, ${answer.seconds.toFixed(1)} s.`,
    ...(transcoders?.left ?? []).map(({ name, reason }) => `Not used: ${name}. ${reason}`),
    ...(answer.layersWithout.length === 0
      ? []
      : [
          `Without a transcoder: layers ${answer.layersWithout.join(', ')}. All that their MLPs write counts as an error.`,
        ]),
    `Graph: ${count(features)} of ${count(answer.active)} active features, ${count(edges.weights.length)} edges.`,
    `Replacement score: ${answer.replacement.toFixed(4)} (influence that comes from tokens through features, not from errors).`,
    `Completeness score: ${answer.completeness.toFixed(4)} (share of what makes up its nodes that is explained, by influence).`,
    `Completeness identity: edges and biases miss their targets by ${answer.residual.toExponential(1)} of their sizes at most.`,
    '',
  ];
  for (const { target, paths: ways } of paths) {
    lines.push(`${nameOf(answer, target)} = ${number(nodes.value[target])}`);
    for (const { nodes: way, contribution } of ways) {
      lines.push(`  ${number(contribution).padStart(9)}  ${way.map((node) => nameOf(answer, node)).join(' → ')}`);
    }
    if (ways.length === 0) lines.push('  Nothing but biases adds to it.');
  }
  lines.push('', 'Paths share parts: their contributions must not be added up.');
  const [strongest] = paths;
  if (strongest !== undefined) {
    const name = nameOf(answer, strongest.target);
    lines.push('', ...headLines(name, answer.tokens, heads), '', ...weightLines(name, weights));
  }
  return `${lines.join('\n')}\n`;
}

function nameOf({ nodes, tokens, outputs }: CircuitAnswer, node: number): string {
  const kind = NODE_KINDS[nodes.kind[node] ?? 0];
  const position = nodes.position[node] ?? 0;
  const token = `“${tokens[position] ?? ''}” (${tokenNumber(position)})`;
  switch (kind) {
    case 'token':
      return token;
    case 'feature':
      return `layer ${nodes.layer[node]} feature ${nodes.feature[node]} at ${token}`;
    case 'error':
      return `error of layer ${nodes.layer[node]} at ${token}`;
    default: {
      const output = outputs.find((each) => each.node === node);
      return `logit ${output?.text ?? ''} after ${token}, p ${output?.probability.toFixed(3)}`;
    }
  }
}
