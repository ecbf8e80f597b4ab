/**
 * Bounds as graphs: what a box of inputs leaves to inner values, in ordinary ONNX that the engine runs beside the model's
 * own weights. A target is bounded from the box and from what is known of the targets before it.
 */
import {
  TensorProto_DataType as DataType,
  type ModelProto,
  type ValueInfoProto,
} from '../../../formats/onnx/onnx_pb.js';
import { graphWriter } from '../../graph-writer.js';
import { makeNode, makeValueInfo } from '../../nodes.js';
import { prune } from '../../prune.js';
import { calculator } from '../calculator.js';
import type { CutNode } from '../plan.js';
import { writeCrown } from './crown.js';
import { inSinglePrecision, writeIntervals } from './intervals.js';
import { assertReached, inputsOf, planBounds, type BoundsPlan, type BoundsRequest, type BoundsStep } from './plan.js';
import type { Interval } from './relaxation.js';
import { traced } from './written.js';

export interface BoundsGraph {
  /** Takes the model's own inputs, where something is computed from them that does not move, beside those below. */
  readonly model: ModelProto;
  /** Inputs by value: [1, ...shape], single precision. Those that nothing needs are not in the model. */
  readonly given: ReadonlyMap<string, Interval>;
  /** Outputs by target: [1, ...shape], single precision. */
  readonly intervals: ReadonlyMap<string, Interval>;
  readonly crown: CrownPart | undefined;
}

export interface CrownPart {
  /** Input: rows Λ, [rows, ...shape of the target]. */
  readonly rows: string;
  /** Output: [rows, 1] in double precision, upper bounds of Λ · target. */
  readonly bound: string;
  /** Outputs by start, [1, ...shape] in double precision. */
  readonly influence: ReadonlyMap<string, string>;
}

export interface Bounds {
  readonly steps: readonly BoundsStep[];
  readonly cutNodes: readonly CutNode[];
  /** The boxes that something depends on. */
  readonly starts: readonly string[];
  /** Values to be bounded one after the other: what relaxed steps read, and the ends. In the order of the graph. */
  readonly targets: readonly string[];
  readonly reached: readonly string[];
  shape(value: string): readonly number[];
  /**
   * The graph that bounds some targets.
   * @param given targets whose intervals are known; the boxes are, besides.
   * @param method with `crown`, the first of the targets is bounded by its rows, too.
   */
  write(targets: readonly string[], given: readonly string[], method: 'intervals' | 'crown'): BoundsGraph;
}

/**
 * @param request a graph as `prepareForLinearize` makes it, with the shapes of all its values.
 * @throws ProblemError `not-applicable` when none of the ends can be bounded.
 */
export function boundsOf(request: BoundsRequest): Bounds {
  const { graph } = request;
  const plan = (): { readonly plan: BoundsPlan; readonly trace: ReturnType<typeof traced> } => {
    const trace = traced(graphWriter(graph.model));
    return { plan: planBounds(request, trace), trace };
  };
  const first = plan().plan;
  assertReached(first, request);
  const read = new Set(first.steps.flatMap((step) => (step.kind === 'relaxed' ? inputsOf(step) : [])));
  const isTarget = (value: string): boolean => read.has(value) || first.reached.includes(value);
  return {
    steps: first.steps,
    cutNodes: first.cutNodes,
    starts: first.starts,
    targets: first.steps.map(({ output }) => output).filter(isTarget),
    reached: first.reached,
    shape: first.shape,
    write(targets, known, method) {
      const { plan: fresh, trace } = plan();
      const { writer } = trace;
      const inputs: ValueInfoProto[] = [];
      const entering = (name: string, dims: readonly (number | string)[]): string => {
        inputs.push(makeValueInfo(name, DataType.FLOAT, dims));
        return writer.node('Identity', [name]);
      };
      const leaving = (value: string, name: string): string => {
        writer.add(makeNode('Identity', [value], [name]));
        return name;
      };
      const names = [...new Set([...fresh.starts, ...known])].map((value): [string, Interval] => [
        value,
        { lower: `${value} from below`, upper: `${value} from above` },
      ]);
      const types = new Map(fresh.steps.map(({ output, calc }) => [output, calc]));
      const inputCalc = (value: string) =>
        types.get(value) ?? startCalc(fresh, value) ?? calculator(writer, DataType.FLOAT);
      const given = names.map(([value, { lower, upper }]): [string, Interval] => {
        const dims = [1, ...fresh.shape(value)];
        const ends = [entering(lower, dims), entering(upper, dims)] as const;
        const calc = inputCalc(value);
        const [low, high] = calc.type === DataType.FLOAT ? ends : [calc.cast(ends[0]), calc.cast(ends[1])];
        return [value, { lower: low, upper: high }];
      });
      const intervals = writeIntervals(fresh, trace, new Map(given));
      const found = targets.map((value): [string, Interval] => {
        const { lower, upper } = inSinglePrecision(inputCalc(value), intervals.interval(value));
        return [value, { lower: leaving(lower, `${value} at least`), upper: leaving(upper, `${value} at most`) }];
      });
      const [target] = targets;
      const crown = method === 'crown' && target !== undefined ? crownPart(target) : undefined;
      const outputs = [
        ...found.flatMap(([, { lower, upper }]) => [lower, upper]),
        ...(crown === undefined ? [] : [crown.bound, ...crown.influence.values()]),
      ];
      const model = writer.extend({
        ...graph.model,
        graph: { ...graph.proto, input: [...graph.proto.input, ...inputs] },
      });
      return { model: prune(model, outputs), given: new Map(names), intervals: new Map(found), crown };

      function crownPart(value: string): CrownPart {
        const rows = `${value} rows`;
        const row = inputCalc(value).cast(entering(rows, ['rows', ...fresh.shape(value)]));
        const { bound, influence } = writeCrown(fresh, trace, intervals, value, row);
        return {
          rows,
          bound: leaving(bound, `${value} bound`),
          influence: new Map(
            [...influence].map(([start, name]) => [start, leaving(name, `${start} influence on ${value}`)]),
          ),
        };
      }
    },
  };
}

/** Starts compute in the type of what reads them. */
function startCalc({ steps }: BoundsPlan, value: string): BoundsStep['calc'] | undefined {
  return steps.find((step) => inputsOf(step).includes(value))?.calc;
}
