/** Where a system starts and ends: as asked, else at the model's own ends, with what was decided said. */
import { displayText } from '../display-text.js';
import { ProblemError, problem } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { beforeSoftmax, firstFloatValues } from '../rewrite/linearize/ends.js';
import { linearize, type Linearization } from '../rewrite/linearize/linearize.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { elementCount } from '../tensor/tensor.js';
import { isFloatType } from '../tensor/floats.js';

/** How operators are read: held as they acted on the input, or as their derivative there. */
export type SystemReading = 'frozen' | 'tangent';

/** Between which values a system lies. */
export interface SystemCut {
  /** Names of values; where undefined, the model's own ends (tokens: their embedding; a last softmax: what it is taken of). */
  readonly from?: string;
  readonly to?: string;
  readonly reading: SystemReading;
}

export interface ChosenEnds {
  readonly from: string;
  readonly to: string;
  readonly linearization: Linearization;
  /** A sentence each. */
  readonly notes: readonly string[];
}

/** Starts that are tried in turn where nobody chose one. */
const MOST_TRIED = 8;

/**
 * @param unread why control flow of the graph is not read, by the first output of its node.
 * @throws ProblemError `not-applicable` when a value cannot be an end, or nothing leads from one to the other.
 */
export function chooseEnds(
  graph: Graph,
  shapes: KnownShapes,
  cut: SystemCut,
  unread: ReadonlyMap<string, string> = new Map(),
): ChosenEnds {
  const { reading } = cut;
  const end = chooseEnd(graph, shapes, cut);
  if (cut.from !== undefined) {
    checkValue(graph, shapes, cut.from);
    const linearization = linearize({ graph, shapes, from: [cut.from], to: [end.value], reading, unread });
    return { from: cut.from, to: end.value, linearization, notes: end.notes };
  }
  const starts = defaultStarts(graph, shapes);
  if (starts.length === 0) {
    throw problem('not-applicable', 'None of the values behind the inputs holds floating-point numbers.', {
      remedy: 'A linear system needs numbers that can change a little.',
    });
  }
  let refused: unknown;
  for (const from of starts.slice(0, MOST_TRIED)) {
    try {
      const linearization = linearize({ graph, shapes, from: [from], to: [end.value], reading, unread });
      return { from, to: end.value, linearization, notes: [...startNotes(graph, from, starts), ...end.notes] };
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.kind !== 'not-applicable') throw error;
      refused ??= error;
    }
  }
  throw refused;
}

function chooseEnd(
  graph: Graph,
  shapes: KnownShapes,
  { to, reading }: SystemCut,
): { readonly value: string; readonly notes: readonly string[] } {
  if (to !== undefined) checkValue(graph, shapes, to);
  const usable = graph.outputs.map(({ name }) => name).filter((name) => isFloatType(shapes.typeOf(name)));
  const wanted = to ?? usable[0];
  if (wanted === undefined) {
    throw problem('not-applicable', 'None of the model’s outputs holds floating-point numbers.', {
      remedy: 'Choose a value of the graph as the end.',
    });
  }
  const notes: string[] = [];
  if (to === undefined && graph.outputs.length > 1) {
    notes.push(`The model has ${graph.outputs.length} outputs: the system ends at “${displayText(wanted)}”.`);
  }
  // Of a value that somebody chose, the derivative of the softmax itself may be what is wanted.
  const before = to === undefined || reading === 'frozen' ? beforeSoftmax(graph, wanted) : wanted;
  if (before !== wanted) {
    notes.push(`The last operator is a softmax: the system ends before it, at the logits “${displayText(before)}”.`);
  }
  return { value: before, notes };
}

/** Those with several numbers first: a single one is rather a setting than what is looked at. */
function defaultStarts(graph: Graph, shapes: KnownShapes): readonly string[] {
  const starts = firstFloatValues(graph, shapes).filter((value) => isFloatType(shapes.typeOf(value)));
  const isSingle = (value: string): boolean => elementCount(shapes.shapeOf(value) ?? []) === 1;
  return [...starts.filter((value) => !isSingle(value)), ...starts.filter(isSingle)];
}

function startNotes(graph: Graph, from: string, starts: readonly string[]): readonly string[] {
  const isInput = (value: string): boolean => graph.inputs.some(({ name }) => name === value);
  const notes: string[] = [];
  const name = displayText(from);
  if (!isInput(from)) {
    const whole = graph.inputs.filter((input) => !isFloatType(input.type));
    notes.push(
      whole.length === 1
        ? `The input “${displayText(whole[0]?.name ?? '')}” holds whole numbers, such as tokens: the system starts at the first floating-point value behind it, “${name}”.`
        : `The inputs hold whole numbers, such as tokens: the system starts at the first floating-point value behind them, “${name}”.`,
    );
  }
  const others = starts.filter((value) => value !== from);
  if (others.length > 0) {
    const [first] = others;
    const what = others.length === 1 ? `“${displayText(first ?? '')}” is` : `${others.length} others are`;
    notes.push(`The system starts at “${name}”; ${what} held still, and booked as biases.`);
  }
  return notes;
}

function checkValue(graph: Graph, shapes: KnownShapes, value: string): void {
  if (!graph.defines(value)) {
    throw problem('not-applicable', `The graph has no value “${displayText(value)}”.`, {
      remedy: 'The file may have changed: choose the ends again.',
    });
  }
  // What linearize says of other types; this one it can read, and nobody can give or take its numbers.
  if (shapes.typeOf(value) !== 'bfloat16') return;
  throw problem('not-applicable', `“${displayText(value)}” holds bfloat16 numbers, which engines do not hand out.`, {
    place: `value “${displayText(value)}”`,
    remedy: 'Choose a value of another floating-point type.',
  });
}
