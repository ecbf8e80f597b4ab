/**
 * Interval bound propagation (methods, D3: IBP). An affine step takes the centre c and the radius r of its operands to
 * A c + b and |A| r; single precision may be off by γ S on the way, S = |A| (|c| + r) + |b| being the sum of the sizes of
 * all that is added up, so the radius grows by that. It covers the rounding of these sums and of the model's own.
 */
import { TensorProto_DataType as DataType } from '../../../formats/onnx/onnx_pb.js';
import type { Calculator } from '../calculator.js';
import type { Term } from '../rule.js';
import { writeMagnitude } from './magnitude.js';
import type { AffineStep } from './affine-step.js';
import type { BoundsPlan, BoundsStep } from './plan.js';
import { outward, type Interval, type Relaxation } from './relaxation.js';
import type { Trace } from './written.js';

/** Unit roundoff of single precision. */
const UNIT_ROUNDOFF = 2 ** -24;
/** Sums of n numbers in any order are off by n u S at most; ours, its radius and the model's own, and something spare. */
const SUMS = 4;
const OTHER_ROUNDINGS = 8;

/** γ: what a step may be off by, of the sum of the sizes of its terms. */
export function roundingOf({ summands }: Pick<AffineStep, 'summands'>): number {
  return SUMS * (summands + OTHER_ROUNDINGS) * UNIT_ROUNDOFF;
}

export interface Intervals {
  /** Writes the interval of a value, [1, ...shape] each end. */
  interval(value: string): Interval;
  /** b of an affine step, [1, ...shape]; undefined where nothing is added. */
  bias(step: AffineStep): string | undefined;
  /** S of an affine step. */
  size(step: AffineStep): string;
  relaxation(step: BoundsStep & { readonly kind: 'relaxed' }): Relaxation;
}

/** @param given intervals that need not be computed: the box, and what is known of inner values. */
export function writeIntervals(plan: BoundsPlan, trace: Trace, given: ReadonlyMap<string, Interval>): Intervals {
  const made = new Map(given);
  const steps = new Map(plan.steps.map((step) => [step.output, step]));
  const relaxations = new Map<BoundsStep, Relaxation>();
  const balls = new Map<string, Ball>();
  const intervals: Intervals = {
    interval(value) {
      // In the order of the graph, so that nothing is reached through a long chain of calls.
      if (!made.has(value)) for (const step of pathTo(value)) made.set(step.output, intervalOf(step));
      const found = made.get(value);
      if (found === undefined) throw new Error(`“${value}” is not in the plan.`);
      return found;
    },
    bias: once((step: AffineStep) => {
      const parts = step.resting.map((term) => term.map.forward(restingAt(step, term)));
      const offset = step.offset?.();
      if (offset !== undefined) parts.push(step.calc.op('Expand', offset, ones(step)));
      return parts.length === 0 ? undefined : sum(step.calc, parts);
    }),
    size: once((step: AffineStep) => {
      const parts = step.moving.map((term) => {
        const { centre, radius } = ballOf(step, step.node.inputs[term.input] ?? '');
        return magnitude(term, step.calc.op('Add', step.calc.op('Abs', centre), radius));
      });
      const added = biasSize(step);
      return sum(step.calc, added === undefined ? parts : [...parts, added]);
    }),
    relaxation(step) {
      const known = relaxations.get(step) ?? step.relax((input) => intervals.interval(step.node.inputs[input] ?? ''));
      relaxations.set(step, known);
      return known;
    },
  };
  return intervals;

  function pathTo(value: string): BoundsStep[] {
    const wanted = new Set([value]);
    const path: BoundsStep[] = [];
    for (const step of [...plan.steps].reverse()) {
      if (!wanted.has(step.output) || made.has(step.output)) continue;
      path.push(step);
      for (const input of step.node.inputs) if (steps.has(input)) wanted.add(input);
    }
    return path.reverse();
  }

  function intervalOf(step: BoundsStep): Interval {
    if (step.kind === 'relaxed') return intervals.relaxation(step).interval;
    if (step.moves) {
      const end = (side: keyof Interval): string =>
        sum(step.calc, [
          ...step.moving.map(({ input, map }) => map.forward(intervals.interval(step.node.inputs[input] ?? '')[side])),
          ...step.resting.map((term) => term.map.forward(restingAt(step, term))),
        ]);
      return { lower: end('lower'), upper: end('upper') };
    }
    const { calc } = step;
    const gamma = roundingOf(step);
    const bias = intervals.bias(step);
    const operands = step.moving.map(({ input }) => ballOf(step, step.node.inputs[input] ?? ''));
    const centres = step.moving.map(({ map }, at) => map.forward(operands[at]?.centre ?? ''));
    const radii = step.moving.map((term, at) => {
      const { centre = '', radius = '' } = operands[at] ?? {};
      const size = calc.op('Add', calc.op('Abs', centre), radius);
      return magnitude(term, calc.op('Add', radius, calc.op('Mul', size, gamma)));
    });
    const added = biasSize(step);
    if (added !== undefined) radii.push(calc.op('Mul', added, gamma));
    const centre = sum(calc, bias === undefined ? centres : [...centres, bias]);
    const radius = sum(calc, radii);
    // The next affine step takes them as they are: they hold the value as well as the ends that are made of them.
    balls.set(step.output, { centre, radius });
    return { lower: calc.op('Sub', centre, radius), upper: calc.op('Add', centre, radius) };
  }

  /** Σ |b|: of an offset that is a difference, of both sides. */
  function biasSize(step: AffineStep): string | undefined {
    const parts = step.resting.map((term) => magnitude(term, finiteSize(step.calc, restingAt(step, term))));
    const offset = step.offset?.();
    if (offset !== undefined) parts.push(step.calc.op('Expand', sizeOfSum(step.calc, offset), ones(step)));
    return parts.length === 0 ? undefined : sum(step.calc, parts);
  }

  /** |b|, but of −∞ in a mask 0: nothing is rounded where it is added. */
  function finiteSize(calc: Calculator, value: string): string {
    const size = calc.op('Abs', value);
    return calc.op('Where', calc.op('Equal', size, Infinity), 0, size);
  }

  function sizeOfSum(calc: Calculator, value: string): string {
    const node = trace.nodes.find(({ outputs }) => outputs.includes(value));
    if (node?.opType === 'Sub' || node?.opType === 'Add') {
      return sum(
        calc,
        node.inputs.map((input) => sizeOfSum(calc, input)),
      );
    }
    return calc.op('Abs', value);
  }

  function ballOf({ calc }: BoundsStep, value: string): Ball {
    const { lower, upper } = intervals.interval(value);
    const known = balls.get(value);
    if (known !== undefined) return known;
    // Halves are added, not the sum halved: two large ends may not overflow.
    const centre = calc.op('Add', calc.op('Mul', lower, 0.5), calc.op('Mul', upper, 0.5));
    const radius = calc.op('Max', calc.op('Sub', upper, centre), calc.op('Sub', centre, lower));
    const ball = { centre, radius };
    balls.set(value, ball);
    return ball;
  }

  function magnitude({ map }: Term, r: string): string {
    const written = writeMagnitude(trace, map, r);
    if (written === undefined) throw new Error('A map whose magnitude was written before is not any more.');
    return written.result;
  }

  function restingAt({ calc, node }: AffineStep, { input }: Term): string {
    const value = node.inputs[input] ?? '';
    return calc.reshape(calc.cast(value), [1, ...plan.shape(value)]);
  }

  function ones({ calc, output }: AffineStep): string {
    return calc.writer.ints([1, ...plan.shape(output)]);
  }
}

/** A value as centre ± radius. */
interface Ball {
  readonly centre: string;
  readonly radius: string;
}

function once<Step, Written>(write: (step: Step) => Written): (step: Step) => Written {
  const made = new Map<Step, Written>();
  return (step) => {
    const known = made.get(step);
    if (known !== undefined || made.has(step)) return known as Written;
    const written = write(step);
    made.set(step, written);
    return written;
  };
}

export function sum(calc: Calculator, parts: readonly string[]): string {
  return parts.reduce((total, part) => calc.op('Add', total, part));
}

/** An interval in single precision, whatever type it was computed in. */
export function inSinglePrecision(calc: Calculator, { lower, upper }: Interval): Interval {
  if (calc.type === DataType.FLOAT) return { lower, upper };
  const cast = (value: string): string => calc.with('Cast', [value], { to: DataType.FLOAT });
  return { lower: cast(outward(calc, lower, 'down', lower)), upper: cast(outward(calc, upper, 'up', upper)) };
}
