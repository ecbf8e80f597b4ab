/** Linear systems small enough to be worked out by hand, written as dense matrices. */
import { problem } from '../../../src/core/errors.js';
import type { CutChoice, SystemDescription, SystemEnd, SystemRequest } from '../../../src/protocol/linear.js';
import type { FakeNetwork } from './network.js';

export interface DenseSystem {
  readonly description: SystemDescription;
  /** A[output][input]. */
  readonly matrix: readonly Float64Array[];
  /** What each layer's biases add, [layer][output]. */
  readonly ledger: readonly (readonly number[])[];
}

const SIDE = 8;
const LARGE_SIDE = 40;
const PIXELS = SIDE * SIDE;
const IMAGE = { kind: 'image', channels: 1, height: SIDE, width: SIDE } as const;
const TOKENS = 28;
const FEATURES = 4;

/** Diagonal 1, the other diagonal 0.5, and the number of the input more at the first pixel. */
function imageValues(example: number, side = SIDE): Float32Array {
  return Float32Array.from({ length: side * side }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / side), pixel % side];
    return (row === column ? 1 : row + column === side - 1 ? 0.5 : 0) + (pixel === 0 ? example : 0);
  });
}

/** Three units with ReLU: both diagonals, the second one also with the other sign. [unit][pixel] */
const UNITS = [1, -1, 1].map((sign, unit) =>
  Float64Array.from({ length: PIXELS }, (_, pixel) => {
    const [row, column] = [Math.floor(pixel / SIDE), pixel % SIDE];
    return (unit === 0 ? row === column : row + column === SIDE - 1) ? sign : 0;
  }),
);
const UNIT_BIASES = [-2, 1, 0.5];
const CLASS_WEIGHTS = [
  [1, 5, -1],
  [-1, 7, 2],
  [0.5, 0, 0],
];
const CLASS_BIASES = [0.25, -1, 3];

const STEM = { label: 'stem.conv', item: '#1' };
const HEAD = { label: 'head.fc2', item: '#32' };

export const CUTS: readonly CutChoice[] = [
  { value: 'image', label: 'image', dims: [1, 1, SIDE, SIDE] },
  { value: 'colour', label: 'colour', dims: [1, 3, SIDE, SIDE] },
  { value: 'sharpened', label: 'sharpened', item: '#3', dims: [1, 1, SIDE, SIDE] },
  { value: 'large', label: 'large', dims: [1, 1, LARGE_SIDE, LARGE_SIDE] },
  { value: 'large-sharpened', label: 'large-sharpened', item: '#3', dims: [1, 1, LARGE_SIDE, LARGE_SIDE] },
  { value: 'hidden', label: 'stem.relu', item: '#2', dims: [1, 3] },
  { value: 'logits', label: 'logits', item: '#32', dims: [1, 3] },
];

export function fakeSystem(network: FakeNetwork, request: SystemRequest): DenseSystem {
  if (network.kind === 'text') return textSystem(network, request);
  const { from = 'image', to = 'logits' } = request;
  switch (`${from} ${to}`) {
    case 'image logits':
      return classifier(request);
    case 'hidden logits':
      return hiddenToLogits(request);
    case 'image hidden':
      return imageToHidden(request);
    case 'image sharpened':
      return imageToImage(request, SIDE, from, to);
    case 'large large-sharpened':
      return imageToImage(request, LARGE_SIDE, from, to);
    case 'colour logits':
      return colourToLogits(request);
    default:
      throw problem('not-applicable', `Nothing in “${to}” is computed from “${from}”.`, {
        place: `the values “${from}” and “${to}”`,
        remedy: 'Let the system start before it ends.',
      });
  }
}

function hiddenOf(example: number): { readonly values: readonly number[]; readonly open: readonly boolean[] } {
  const image = imageValues(example);
  const sums = UNITS.map((weights, unit) => dot(weights, image) + (UNIT_BIASES[unit] ?? 0));
  return { values: sums.map((sum) => Math.max(0, sum)), open: sums.map((sum) => sum > 0) };
}

function classifier(request: SystemRequest): DenseSystem {
  const { open } = hiddenOf(request.example);
  const matrix = CLASS_WEIGHTS.map((weights) =>
    Float64Array.from({ length: PIXELS }, (_, pixel) =>
      weights.reduce((sum, weight, unit) => sum + (open[unit] ? weight * (UNITS[unit]?.[pixel] ?? 0) : 0), 0),
    ),
  );
  const first = CLASS_WEIGHTS.map((weights) =>
    weights.reduce((sum, weight, unit) => sum + (open[unit] ? weight * (UNIT_BIASES[unit] ?? 0) : 0), 0),
  );
  return finish(request, start('image', IMAGE, imageValues(request.example)), logits(), matrix, [first, CLASS_BIASES], {
    layers: [STEM, HEAD],
    notes: ['The system ends before the softmax, whose own matrix would be zero.'],
  });
}

function hiddenToLogits(request: SystemRequest): DenseSystem {
  const values = Float32Array.from(hiddenOf(request.example).values);
  const from = start('hidden', { kind: 'vector', size: 3 }, values, '#2');
  return finish(
    request,
    from,
    logits(),
    CLASS_WEIGHTS.map((weights) => Float64Array.from(weights)),
    [CLASS_BIASES],
    {
      layers: [HEAD],
    },
  );
}

function imageToHidden(request: SystemRequest): DenseSystem {
  const { open } = hiddenOf(request.example);
  const matrix = UNITS.map((weights, unit) => weights.map((weight) => (open[unit] ? weight : 0)));
  const biases = UNIT_BIASES.map((bias, unit) => (open[unit] ? bias : 0));
  const to = end('hidden', { kind: 'vector', size: 3 }, '#2');
  return finish(request, start('image', IMAGE, imageValues(request.example)), to, matrix, [biases], { layers: [STEM] });
}

/** Each pixel doubled, less its neighbour to the right, and 0.5 more. */
function imageToImage(request: SystemRequest, side: number, from: string, to: string): DenseSystem {
  const pixels = side * side;
  const layout = { kind: 'image', channels: 1, height: side, width: side } as const;
  const matrix = Array.from({ length: pixels }, (_, pixel) => {
    const row = new Float64Array(pixels);
    row[pixel] = 2;
    if (pixel % side < side - 1) row[pixel + 1] = -1;
    return row;
  });
  const begin = start(from, layout, imageValues(request.example, side));
  return finish(request, begin, end(to, layout, '#3'), matrix, [Array<number>(pixels).fill(0.5)], {
    layers: [STEM],
  });
}

/** Class c looks at the diagonal of colour c. */
function colourToLogits(request: SystemRequest): DenseSystem {
  const image = imageValues(request.example);
  const values = Float32Array.from({ length: 3 * PIXELS }, (_, at) => (image[at % PIXELS] ?? 0) * (1 + at / PIXELS));
  const matrix = [0, 1, 2].map((color) =>
    Float64Array.from({ length: 3 * PIXELS }, (_, at) => {
      const pixel = at % PIXELS;
      return Math.floor(at / PIXELS) === color && Math.floor(pixel / SIDE) === pixel % SIDE ? 1 : 0;
    }),
  );
  const from = start('colour', { kind: 'image', channels: 3, height: SIDE, width: SIDE }, values);
  return finish(request, from, logits(), matrix, [], { layers: [] });
}

/** Eight words; each likes the tokens at places that it divides. */
function textSystem(network: FakeNetwork, request: SystemRequest): DenseSystem {
  const markup = network.fileName.includes('<') ? '<b>bold</b>' : undefined;
  const positions = markup === undefined ? TOKENS : 2;
  const classes = Array.from({ length: 8 }, (_, word) => markup ?? `word ${word}`);
  const values = Float32Array.from({ length: positions * FEATURES }, (_, at) => ((at * 7 + request.example) % 5) - 2);
  const matrix = classes.map((_, word) =>
    Float64Array.from({ length: positions * FEATURES }, (_unused, at) =>
      Math.floor(at / FEATURES) % (word + 1) === 0 ? (at % 2 === 0 ? 0.5 : -0.25) : 0,
    ),
  );
  const from = start('embedding', { kind: 'sequence', positions, width: FEATURES }, values, '#1');
  const to = end('logits', { kind: 'vector', size: 8 }, '#20');
  const ledger = [classes.map((_, word) => word / 4 - 1)];
  return finish(request, from, to, matrix, ledger, {
    layers: [{ label: markup ?? 'lm_head', item: '#20' }],
    notes: [`The tokens are whole numbers: the system starts at their embedding${markup ?? ''}.`],
    classes,
  });
}

type End = Omit<SystemEnd, 'values'>;

function start(value: string, layout: SystemEnd['layout'], values: Float32Array, item?: string): SystemEnd {
  return { ...end(value, layout, item), values };
}

function end(value: string, layout: SystemEnd['layout'], item?: string): End {
  const label = CUTS.find((cut) => cut.value === value)?.label ?? value;
  return { value, label, layout, dims: [1, ...sizes(layout)], ...(item === undefined ? {} : { item }) };
}

function logits(): End {
  return end('logits', { kind: 'vector', size: 3 }, '#32');
}

function sizes(layout: SystemEnd['layout']): readonly number[] {
  if (layout.kind === 'image') return [layout.channels, layout.height, layout.width];
  return layout.kind === 'sequence' ? [layout.positions, layout.width] : [layout.size];
}

interface Rest {
  readonly layers: SystemDescription['layers'];
  readonly notes?: readonly string[];
  readonly classes?: readonly string[];
}

/** Read as a derivative, the fake is not exact: one node is cut, one is not what it does. */
function finish(
  { reading }: SystemRequest,
  from: SystemEnd,
  to: End,
  matrix: readonly Float64Array[],
  ledger: readonly (readonly number[])[],
  { layers, notes = [], classes }: Rest,
): DenseSystem {
  const values = Float32Array.from(
    matrix,
    (row, output) => dot(row, from.values) + ledger.reduce((sum, layer) => sum + (layer[output] ?? 0), 0),
  );
  const isExact = reading === 'frozen';
  const named = to.value === 'logits' ? (classes ?? ['circle', 'square', 'triangle']) : undefined;
  return {
    description: {
      from,
      to: { ...to, values },
      ...(named === undefined ? {} : { classes: named }),
      notes,
      exactness: { residual: isExact ? 1.5e-7 : 0.0123, tolerance: 1e-5, isExact },
      cut: isExact ? [] : [{ label: 'stem.pool', item: '#3', reason: 'Sign has no derivative but 0.' }],
      inexact: isExact
        ? []
        : [{ label: 'head.fc1', item: '#30', reason: 'It rounds to 8 bits, which is read as if it did not.' }],
      layers,
    },
    matrix,
    ledger,
  };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}
