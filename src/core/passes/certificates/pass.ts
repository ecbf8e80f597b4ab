import { detectActivationLayers } from '../../graph/layer-detection.js';
import { ProblemError } from '../../errors.js';
import { beforeSoftmax } from '../../rewrite/linearize/ends.js';
import { CROWN_BUDGET, openBounds } from '../../rewrite/linearize/bounds/run-bounds.js';
import { boundsOf, type Bounds } from '../../rewrite/linearize/bounds/write-bounds.js';
import { prepareForLinearize } from '../../rewrite/linearize/prepare.js';
import { inferShapes } from '../../rewrite/infer-shapes.js';
import { FLOAT_TYPES } from '../../rewrite/linearize/calculator.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';
import type { FilePass, FileSubject, NetworkSubject } from '../pass.js';
import type { PassResult } from '../result.js';
import { boxOf, boxText } from './box.js';
import { boxStarts } from './box-starts.js';
import { certify, type Certified } from './certify.js';
import { countsClasses, rowsFor } from './classes.js';
import { certifiedLayers } from './layers.js';
import { PASS, reportOf, withoutBox } from './report.js';
import { hasQuestions, judgedLayers, noUnits, nothingToProve, openBehind } from './questions.js';

const HOW_TO_STATE =
  'State it with the command State Input Range…, or in the recipe beside the model: "box": { "inputs": { "<name of the input>": { "lower": -1, "upper": 1 } } }, with one ' +
  'number for all elements or one for each. Pictures have a box by themselves, from how their pixels are prepared, and tokens from ' +
  'their embeddings.';

const WHAT_CAN_BE_PROVEN =
  'Certificates need rectifiers or functions that saturate (Relu, Clip, HardSwish, Tanh, Sigmoid and their kin), or an output of classes.';

const WHAT_CAN_BE_BOUNDED =
  'Certificates need bounds of every step from the inputs on, as far as an activation function or the classes.';

/** Which units can never fire, which are always linear, which classes can never win: for every input in a box. Methods D3. */
export const certificates: FilePass = {
  ...PASS,
  reads: 'weights',
  title: 'Certificates',
  question: 'Which units can never fire, and which classes can never win, whatever the input?',
  method:
    'Every value between the inputs and a unit is bounded over the whole box of inputs, by two methods whose results are ' +
    'intersected: intervals (IBP: centre and radius, |W| times the radius) and CROWN (each activation function between two ' +
    'lines, taken back to the inputs). A rectifier whose input is never above 0 is dead, one whose input is never below 0 is ' +
    'linear, and so are Elu and its kin; other functions are judged on the pieces where they are flat or straight. Tanh, erf ' +
    'and softsign count as saturated beyond 0.99 in size, sigmoid under 0.01 and above 0.99. A class never wins when z_c − z_k < 0 for some other class k and ' +
    'every input in the box. Bounds are widened by 4 (n + 8) · 2⁻²⁴ of the sum of the sizes of the n terms of each sum, which ' +
    'covers single precision here and in the model’s own run. CROWN looks only at what a unit or class rests on that intervals ' +
    'leave open. On request (“splits” of the box in the recipe) the box is cut ' +
    'in two where |gradient| · width is largest, and what holds in all parts is certified. CROWN is left out where it would ' +
    'take more than about 50 billion multiplications. Not certified does not mean alive. No control ' +
    'stands beside it: it is proven of these weights and this box, whatever inputs or other weights would give. Source: Gowal et al. ' +
    '2018, Zhang et al. 2018, Singh et al. 2019.',
  applies: ({ graph }) => {
    if (graph === undefined) {
      return { applies: false, reason: 'The file holds weights only: it does not say how they are used.' };
    }
    return hasQuestions(graph, detectActivationLayers(graph));
  },
  async examine({ network, signal }: FileSubject): Promise<PassResult> {
    if (network === undefined) throw new Error('The pass does not apply to weights alone.');
    try {
      return await examineNetwork(network, signal);
    } catch (error) {
      // That nothing can be bounded is an answer.
      if (!(error instanceof ProblemError) || error.problem.kind !== 'not-applicable') throw error;
      const { message, remedy = '' } = error.problem;
      return withoutBox(`Nothing is certified. ${message} ${remedy}`.trim(), WHAT_CAN_BE_BOUNDED);
    }
  },
};

async function examineNetwork(network: NetworkSubject, signal: AbortSignal): Promise<PassResult> {
  const { engine, toRunnable, sizes } = network;
  const graph = prepareForLinearize(network.graph.model);
  const inferred = await inferShapes({ graph, engine, toRunnable, signal });
  const shapes = await inferred.at(sizes, signal);
  const { starts, ranges, fixed, unknown, feeds } = await boxStarts(graph, shapes, network);
  if (unknown.length > 0 || starts.length === 0) {
    return withoutBox(
      `Nothing is certified: it is not known ${unknown.join(', nor ')}. State Input Range… says so.`,
      HOW_TO_STATE,
    );
  }
  const ends = graph.outputs.flatMap(({ name }) => {
    const end = beforeSoftmax(graph, name);
    const isFloat = FLOAT_TYPES[shapes.typeOf(end) ?? ''] !== undefined;
    return isFloat && countsClasses(shapes.shapeOf(end) ?? []) ? [end] : [];
  });
  // What activation functions read that lead to no output with bounds is bounded, too.
  const units = new Set(judgedLayers(network.graph, network.layers).map(({ value }) => value));
  if (units.size === 0 && ends.length === 0) return withoutBox(nothingToProve(network.layers), WHAT_CAN_BE_PROVEN);
  const bounds = boundsOf({ graph, shapes, from: starts, to: [...new Set([...ends, ...units])] });
  const box = boxOf(starts, ranges, bounds.shape);
  const classes = ends.filter((end) => bounds.reached.includes(end));
  const rows = new Map(classes.flatMap((end) => [...rowsFor(end, bounds.shape(end))]));
  const options = {
    engine,
    toRunnable,
    feeds: { ...feeds, ...middleOf(box, bounds, shapes) },
    threads: workOf(bounds) < SMALL_NETWORK ? 1 : 0,
  };
  /** @param crownTargets what CROWN looks at besides. */
  const certifyWith = async (crownTargets: ReadonlySet<string>, splits: number): Promise<Certified> => {
    const run = await openBounds(bounds, { ...options, crownBudget: CROWN_BUDGET, crownTargets });
    try {
      return await certify({ graph, bounds, run, box, rows, units, classes, splits, signal });
    } finally {
      await run.release();
    }
  };
  const intervals = await certifyWith(new Set(), 0);
  const open = openBehind(graph, bounds, { units, classes }, (value) => intervals.targets.get(value));
  const found = open.size === 0 ? intervals : await certifyWith(open, network.box.splits);
  return reportOf({
    box: { text: boxText(box, ranges, fixed), ranges },
    layers: certifiedLayers(graph, network.layers, bounds, found.targets),
    ...(units.size === 0 ? { noUnits: noUnits(network.layers) } : {}),
    classes: [...found.classes].map(([end, verdicts]) => ({ end, ...verdicts })),
    cutNodes: bounds.cutNodes,
    splits: found.splits,
  });
}

/** Multiplications of one forward under which threads wait for each other longer than they work. */
const SMALL_NETWORK = 1e7;

function workOf({ steps }: Bounds): number {
  return steps.reduce((sum, step) => sum + (step.kind === 'affine' ? step.work : 0), 0);
}

/** The middle of the box as the model's own input: only sizes are taken from it. */
function middleOf(
  box: ReturnType<typeof boxOf>,
  bounds: Bounds,
  shapes: { typeOf(value: string): string | undefined },
): NamedTensors {
  return Object.fromEntries(
    [...box].map(([input, { lower, upper }]): [string, Tensor] => {
      const middle = lower.map((low, at) => (low + (upper[at] ?? low)) / 2);
      const dims = bounds.shape(input);
      return shapes.typeOf(input) === 'float64'
        ? [input, { type: 'float64', dims, data: middle }]
        : [input, { type: 'float32', dims, data: Float32Array.from(middle) }];
    }),
  );
}
