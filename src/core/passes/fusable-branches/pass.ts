import { asProblem, CancelledError, ProblemError, throwIfCancelled } from '../../errors.js';
import { nodeId } from '../../graph/item-ids.js';
import { buildModuleTree, type ModuleTree } from '../../graph/modules.js';
import type { ConcreteShapes } from '../../rewrite/infer-shapes.js';
import { elementCount } from '../../tensor/tensor.js';
import { storedNumbers } from '../../tensor/stored-type.js';
import { shapeOf } from '../linear-step.js';
import { operationsOf } from '../../costs/operations.js';
import { placeOf } from '../place.js';
import type { FilePass, FileSubject, NetworkSubject } from '../pass.js';
import { NO_ACTIVATIONS, type Finding, type PassResult, type ResultTable } from '../result.js';
import { amount, compact, count } from '../words.js';
import { findFusable, type Fusable } from './find.js';
import { fuse, type Fused, type ReadConstant } from './fuse.js';
import { prove, PROOF_INPUTS, type Proof } from './prove.js';

/** Larger constants are not multiplied in the editor: the place is named, without a proof. */
const MOST_ELEMENTS = 2 ** 24;
const MOST_MULTIPLICATIONS = 2 ** 28;

/** Which linear nodes could be one, proven on random inputs: methods M2. */
export const fusableBranches: FilePass = {
  id: 'fusable-branches',
  version: 1,
  reads: 'weights',
  title: 'Linear parts that could be fused',
  question: 'Which nodes do together what one node could do, and what would that save?',
  method:
    'Between two non-linearities everything is linear, so it can be one node: a batch normalisation goes into the ' +
    'convolution before it (K′ = γ/√(σ²+ε) · K), parallel convolutions, normalisations and identities of one value that ' +
    'meet in a sum become one convolution (smaller kernels padded with zeros, identities as ones on the diagonal), two ' +
    `products in a row become one matrix. Each is proven on ${PROOF_INPUTS} random inputs: the nodes of the file and the ` +
    'one that would replace them run in the engine, and every output must agree within 1e-5 + 1e-4 · Σ|terms|. Places ' +
    'where one node would cost more than it replaces are left out. Nothing is changed in the file. Source: ' +
    'RepVGG (Ding et al. 2021).',
  applies: ({ graph }) =>
    graph === undefined
      ? { applies: false, reason: 'The file holds weights only: it does not say how they are used.' }
      : findFusable(graph).length === 0
        ? {
            applies: false,
            reason:
              'Nothing could be fused: no two linear nodes with constant weights follow each other or meet in a sum.',
          }
        : { applies: true },
  async examine(subject: FileSubject): Promise<PassResult> {
    const { network, signal } = subject;
    if (network === undefined) throw new Error('The pass does not apply to weights alone.');
    const shapes = await network.shapes(signal);
    const examined: Examined[] = [];
    let left = 0;
    for (const fusable of findFusable(network.graph)) {
      throwIfCancelled(signal);
      const one = await examineOne(subject, network, fusable, shapes);
      if (one === undefined) left++;
      else examined.push(one);
    }
    return resultOf(network, examined, left);
  },
};

interface Examined {
  readonly fusable: Fusable;
  readonly nodesSaved: number;
  readonly parametersSaved: number;
  /** Undefined where shapes are not known. */
  readonly operationsSaved: number | undefined;
  readonly proof: Proof | undefined;
  /** Why there is no proof. */
  readonly unproven?: string;
}

/** @returns undefined where the branches cannot be one node, or it would cost more. */
async function examineOne(
  subject: FileSubject,
  network: NetworkSubject,
  fusable: Fusable,
  shapes: ConcreteShapes,
): Promise<Examined | undefined> {
  const before = constantsOf(fusable).reduce((sum, value) => sum + sizeOf(network, value), 0);
  const tooLarge = before > MOST_ELEMENTS || multiplications(network, fusable) > MOST_MULTIPLICATIONS;
  if (tooLarge) {
    return {
      fusable,
      nodesSaved: fusable.nodes.length - 1,
      parametersSaved: NaN,
      operationsSaved: undefined,
      proof: undefined,
      unproven: 'its weights are too large to be multiplied here',
    };
  }
  const fused = await fuse(fusable, reader(subject, network));
  if ('reason' in fused) return undefined;
  const parametersSaved = before - fused.weights.length - fused.bias.length;
  const operationsSaved = savedOperations(fusable, fused, shapes);
  if (parametersSaved < 0 && (operationsSaved ?? -1) <= 0) return undefined;
  const shape = shapes.shapeOf(fusable.input);
  const facts = { fusable, nodesSaved: fusable.nodes.length - 1, parametersSaved, operationsSaved };
  if (shape === undefined) return { ...facts, proof: undefined, unproven: 'the shape of its input is not known' };
  try {
    return { ...facts, proof: await prove(network, fusable, fused, shape) };
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof ProblemError)) throw error;
    return { ...facts, proof: undefined, unproven: asProblem(error).message };
  }
}

function constantsOf({ branches }: Fusable): string[] {
  const values = branches.flat().flatMap(({ node }) => node.inputs.slice(1).filter((value) => value !== ''));
  return [...new Set(values)];
}

function sizeOf({ graph }: NetworkSubject, value: string): number {
  return elementCount(shapeOf(graph, value) ?? [0]);
}

/** Of the products that fusing a chain takes. */
function multiplications({ graph }: NetworkSubject, { kind, branches }: Fusable): number {
  const [first, second] = branches[0] ?? [];
  if (first === undefined || second === undefined || !kind.startsWith('chain')) return 0;
  const [a = 0, b = 0] = shapeOf(graph, first.node.inputs[1] ?? '') ?? [];
  const [c = 0, d = 0] = shapeOf(graph, second.node.inputs[1] ?? '') ?? [];
  return Math.max(a * b * c, a * b * d);
}

function reader({ tensors }: FileSubject, { graph, tensorOf }: NetworkSubject): ReadConstant {
  const known = new Map<string, ReturnType<ReadConstant>>();
  const read = async (value: string): ReturnType<ReadConstant> => {
    const tensor = tensors[tensorOf(value) ?? -1];
    const dims = shapeOf(graph, value);
    if (tensor?.values === undefined || dims === undefined) throw new Error(`The constant ${value} has no numbers.`);
    return { dims, data: storedNumbers(tensor.values.type, await tensor.values.read(0, elementCount(dims))) };
  };
  return (value) => {
    const found = known.get(value) ?? read(value);
    known.set(value, found);
    return found;
  };
}

function savedOperations({ nodes, output }: Fusable, fused: Fused, shapes: ConcreteShapes): number | undefined {
  const now = nodes.map((node) => operationsOf(node, shapes));
  const shape = shapes.shapeOf(output);
  if (shape === undefined || now.some((each) => each === undefined)) return undefined;
  const inner = fused.kind === 'product' ? fused.dims[0] : elementCount(fused.dims.slice(1));
  const then = elementCount(shape) * (2 * inner + 1);
  return now.reduce<number>((sum, each) => sum + (each ?? 0), 0) - then;
}

function resultOf(network: NetworkSubject, examined: readonly Examined[], left: number): PassResult {
  const proven = examined.filter(({ proof }) => proof?.proven === true);
  const sum = (of: (one: Examined) => number | undefined): number =>
    proven.reduce((total, one) => total + (of(one) ?? 0), 0);
  const [nodes, parameters, operations] = [
    sum(({ nodesSaved }) => nodesSaved),
    sum(({ parametersSaved }) => parametersSaved),
    sum(({ operationsSaved }) => operationsSaved),
  ];
  const tree = buildModuleTree(network.graph);
  return {
    pass: 'fusable-branches',
    passVersion: 1,
    answer:
      proven.length === 0
        ? `Nothing worth fusing was proven${left === 0 ? '' : `; at ${count(left)} places one node would cost more than it replaces`}.`
        : `${count(proven.length)} ${proven.length === 1 ? 'group' : 'groups'} of linear nodes could be one node each: ` +
          `${count(nodes)} nodes, ${compact(parameters)} parameters and ${compact(operations)} operations per forward less, ` +
          `with the same outputs on ${PROOF_INPUTS} random inputs.`,
    findings: findings(examined, proven, nodes, operations),
    ...NO_ACTIVATIONS,
    tables: examined.length === 0 ? [] : [table(examined, tree)],
  };
}

function findings(
  examined: readonly Examined[],
  proven: readonly Examined[],
  nodes: number,
  operations: number,
): Finding[] {
  const found: Finding[] = [];
  const broken = examined.filter(({ proof }) => proof?.proven === false);
  if (proven.length > 0) {
    found.push({
      severity: 'information',
      weight: Math.min(1, proven.length / 100),
      sentence: `${count(nodes)} linear nodes could go into their neighbours, saving ${compact(operations)} operations per forward.`,
      advice:
        'Engines do some of this when they load a model; a file that is fused already is smaller and shows what is really ' +
        'computed. The pass lists each place with its proof.',
      item: itemOf(proven[0]?.fusable),
    });
  }
  for (const one of broken) {
    found.push({
      severity: 'warning',
      weight: 1,
      sentence: `Fusing the nodes before “${one.fusable.output}” would change its output by ${amount(one.proof?.difference ?? NaN)}.`,
      advice: 'By its rules they are linear, yet the engine disagrees: look at these weights for NaN and infinity.',
      item: itemOf(one.fusable),
    });
  }
  return found;
}

function itemOf(fusable: Fusable | undefined): string | undefined {
  const last = fusable?.nodes.at(-1);
  return last && nodeId(last);
}

function table(examined: readonly Examined[], tree: ModuleTree): ResultTable {
  return {
    id: 'fusable-places',
    title: 'What could be one node',
    definition: `Each was run both ways on ${PROOF_INPUTS} random inputs. A click shows its last node in the graph.`,
    columns: [
      { id: 'place', label: 'Ends at', format: 'text' },
      { id: 'kind', label: 'What', format: 'text' },
      { id: 'branches', label: 'Nodes', format: 'count' },
      { id: 'parameters', label: 'Parameters saved', format: 'count' },
      { id: 'operations', label: 'Operations saved', format: 'count' },
      { id: 'difference', label: 'Largest difference', format: 'number' },
      { id: 'proof', label: 'Proof', format: 'text' },
    ],
    rows: examined.map(({ fusable, parametersSaved, operationsSaved, proof, unproven }) => ({
      cells: [
        fusable.nodes
          .slice(-1)
          .map((node) => placeOf(tree, node))
          .join(),
        fusable.kind === 'parallel branches' ? `${fusable.branches.length} parallel branches` : fusable.kind,
        fusable.nodes.length,
        parametersSaved,
        operationsSaved ?? NaN,
        proof?.difference ?? NaN,
        proof === undefined ? `none: ${unproven ?? ''}` : proof.proven ? 'equal' : 'not equal',
      ],
      item: itemOf(fusable),
    })),
  };
}
