/**
 * What bounds can answer of a network: units whose function is flat or straight somewhere, and outputs whose elements are
 * classes. Where there are neither, or intervals answer all of it, nothing further needs to be bounded.
 */
import { displayText } from '../../display-text.js';
import type { Graph } from '../../graph/graph.js';
import type { ActivationLayer } from '../../graph/layers.js';
import type { Ends } from '../../rewrite/linearize/bounds/box.js';
import { inputsOf } from '../../rewrite/linearize/bounds/plan.js';
import type { Bounds } from '../../rewrite/linearize/bounds/write-bounds.js';
import type { Applicability } from '../pass.js';
import { judgeClasses } from './classes.js';
import { judge, judgedInput } from './verdicts.js';

/** Layers whose function is flat or straight somewhere: of the units of all others nothing can be proven. */
export function judgedLayers(graph: Graph, layers: readonly ActivationLayer[]): readonly ActivationLayer[] {
  return layers.filter(({ value }) => {
    const node = graph.producerOf(value);
    return node !== undefined && judge(graph, node) !== undefined;
  });
}

/** From what the file says alone: whether sizes make classes of an output is only known when they are chosen. */
export function hasQuestions(graph: Graph, layers: readonly ActivationLayer[]): Applicability {
  if (judgedLayers(graph, layers).length > 0 || graph.outputs.some(({ shape }) => mayCountClasses(shape))) {
    return { applies: true };
  }
  return { applies: false, reason: nothingToProve(layers) };
}

/** Why nothing is proven of a network: one sentence. */
export function nothingToProve(layers: readonly ActivationLayer[]): string {
  return `${noUnits(layers)}, and no output has one number for each class, of which one could never win.`;
}

/** "No unit can be proven dead or linear: Silu (Sigmoid) is flat or straight nowhere", without a full stop. */
export function noUnits(layers: readonly ActivationLayer[]): string {
  const functions = layers.filter(({ family }) => family !== 'distribution');
  const names = [...new Set(functions.map(({ operator }) => displayText(operator)))];
  const first = names.slice(0, MOST_NAMES).join(', ');
  const more = names.length > MOST_NAMES ? ' and others' : '';
  return names.length === 0
    ? 'There is no activation function whose units could be proven dead or linear'
    : `No unit can be proven dead or linear, because the activation functions of this model (${first}${more}) are flat or straight nowhere`;
}

const MOST_NAMES = 4;

/** One number for each class, as far as declared: [classes] or [1 or open, 1, …, classes]. */
function mayCountClasses(shape: readonly (number | string)[] | undefined): boolean {
  if (shape === undefined) return true;
  const classes = shape.at(-1) ?? 1;
  return classes !== 1 && shape.slice(1, -1).every((size) => size === 1);
}

/**
 * Values that are worth bounding more closely: those that an open question rests on.
 * @param units outputs of activation layers, `ends` outputs that count classes.
 */
export function openBehind(
  graph: Graph,
  { steps }: Bounds,
  questions: { readonly units: ReadonlySet<string>; readonly classes: readonly string[] },
  endsOf: (value: string) => Ends | undefined,
): ReadonlySet<string> {
  const behind = new Set<string>();
  for (const end of questions.classes) {
    const ends = endsOf(end);
    if (ends !== undefined && isOpen(judgeClasses(ends, undefined))) behind.add(end);
  }
  for (const step of [...steps].reverse()) {
    if (questions.units.has(step.output) && undecidedSites(graph, step.node, endsOf) > 0) behind.add(step.output);
    if (!behind.has(step.output)) continue;
    for (const input of inputsOf(step)) behind.add(input);
  }
  return behind;
}

/** One class always wins, and one always loses; more than one that may is open. */
function isOpen({ neverLargest, neverSmallest }: ReturnType<typeof judgeClasses>): boolean {
  return [neverLargest, neverSmallest].some((flags) => flags.filter((flag) => flag === 0).length > 1);
}

/** Elements of a layer of which nothing is proven; 0 where its input has no bounds, or there is nothing to prove. */
export function undecidedSites(
  graph: Graph,
  node: Bounds['steps'][number]['node'],
  endsOf: (value: string) => Ends | undefined,
): number {
  const verdict = judge(graph, node);
  const ends = endsOf(judgedInput(graph, node));
  if (verdict === undefined || ends === undefined) return 0;
  let undecided = 0;
  ends.lower.forEach((lower, at) => {
    if (verdict(lower, ends.upper[at] ?? Infinity) === 'undecided') undecided++;
  });
  return undecided;
}
