/**
 * CROWN (methods, D3): an upper bound of Λ · z for every row of Λ, by taking Λ back through the graph. An affine step hands
 * it on through its transpose; a relaxed step through its upper line where a coefficient is positive and through its lower
 * line where it is negative. At the box each coefficient takes the end that makes the most of it. Constants are added up in
 * double precision; what single precision may hide in a coefficient is at most γ S of its step, and is added.
 */
import { TensorProto_DataType as DataType } from '../../../formats/onnx/onnx_pb.js';
import { elementCount } from '../../../tensor/tensor.js';
import { calculator, type Calculator } from '../calculator.js';
import type { Linear } from '../rule.js';
import { roundingOf, type Intervals } from './intervals.js';
import type { BoundsPlan } from './plan.js';
import type { Interval } from './relaxation.js';
import type { Trace } from './written.js';

export interface Crown {
  /** [rows, 1] in double precision: no input in the box gives more. */
  readonly bound: string;
  /** By start: Σ over rows of |coefficient| · radius, [...shape]: how much each input widens the bounds. */
  readonly influence: ReadonlyMap<string, string>;
}

/** @param rows Λ: [rows, ...shape of the target]. */
export function writeCrown(plan: BoundsPlan, trace: Trace, intervals: Intervals, target: string, rows: string): Crown {
  const double = calculator(trace.writer, DataType.DOUBLE);
  const coefficients = new Map([[target, rows]]);
  const constants: string[] = [];
  for (const step of [...plan.steps].reverse()) {
    const row = coefficients.get(step.output);
    if (row === undefined) continue;
    const { node, calc, output } = step;
    const add = (input: number, part: string): void => {
      const value = node.inputs[input] ?? '';
      const before = coefficients.get(value);
      coefficients.set(value, before === undefined ? part : calc.op('Add', before, part));
    };
    const count = elementCount(plan.shape(output));
    if (step.kind === 'affine') {
      for (const { input, map } of step.moving) add(input, map.transpose(row));
      const bias = intervals.bias(step);
      if (bias !== undefined) constants.push(inner(double, row, bias, count));
      if (!step.moves || step.summands > 0) {
        const rounding = double.op('Mul', double.cast(intervals.size(step)), roundingOf(step));
        constants.push(inner(double, calc.op('Abs', row), rounding, count));
      }
      continue;
    }
    const { interval, lines } = intervals.relaxation(step);
    const { upper, lower } = lines?.() ?? ends(interval);
    const sides: readonly [Linear, string][] = [
      [upper, calc.op('Max', row, 0)],
      [lower, calc.op('Min', row, 0)],
    ];
    for (const [{ terms, offset }, part] of sides) {
      for (const { input, map } of terms) add(input, map.transpose(part));
      if (offset !== undefined) constants.push(inner(double, part, offset(), count));
    }
  }
  const influence = new Map<string, string>();
  for (const start of plan.starts) {
    const row = coefficients.get(start);
    if (row === undefined) continue;
    const [lower, upper] = [intervals.interval(start).lower, intervals.interval(start).upper].map((end) =>
      double.cast(end),
    );
    const wide = double.cast(row);
    const count = elementCount(plan.shape(start));
    constants.push(inner(double, double.op('Max', wide, 0), upper ?? '', count));
    constants.push(inner(double, double.op('Min', wide, 0), lower ?? '', count));
    const width = double.op('Sub', upper ?? '', lower ?? '');
    const total = double.reduce('ReduceSum', double.op('Abs', wide), [0], true);
    influence.set(start, double.op('Mul', double.op('Mul', total, width), 0.5));
  }
  const bound = constants.reduce((sum, part) => double.op('Add', sum, part));
  return { bound: trace.writer.node('Identity', [bound]), influence };
}

/** The interval itself as two lines without slope. */
function ends({ upper, lower }: Interval): { readonly upper: Linear; readonly lower: Linear } {
  return { upper: { terms: [], offset: () => upper }, lower: { terms: [], offset: () => lower } };
}

/** ⟨row, value⟩ for every row, in double precision: [rows, 1]. What no row reaches adds nothing, be it infinite. */
function inner(double: Calculator, row: string, value: string, count: number): string {
  const wide = double.cast(row);
  const reached = double.op('Where', double.op('Equal', wide, 0), 0, double.cast(value));
  return double.reduce('ReduceSum', double.reshape(double.op('Mul', wide, reached), [-1, count]), [1], true);
}
