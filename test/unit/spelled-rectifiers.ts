/** Every way in which files spell max(x, 0): nodes that read `x` and make `y`, with `zero`, `one` and `most` as constants. */
import { node, scalar } from './graph-builder.js';

type Nodes = readonly ReturnType<typeof node>[];

export const RECTIFIER_CONSTANTS = [scalar('zero', 0), scalar('one', 1), scalar('most', 3.4028234663852886e38)];

const FLOAT = { attributes: { to: 1n } };

export const SPELLED_RECTIFIERS: readonly (readonly [string, (x: string, y: string) => Nodes])[] = [
  ['max(x, 0)', (x, y) => [node('Max', [x, 'zero'], [y])]],
  ['max(0, x)', (x, y) => [node('Max', ['zero', x], [y])]],
  ['clip(x, 0, open)', (x, y) => [node('Clip', [x, 'zero'], [y])]],
  ['clip(x, 0, largest float)', (x, y) => [node('Clip', [x, 'zero', 'most'], [y])]],
  [
    'where(x > 0, x, 0)',
    (x, y) => [node('Greater', [x, 'zero'], [`${y} test`]), node('Where', [`${y} test`, x, 'zero'], [y])],
  ],
  [
    'where(0 < x, x, 0)',
    (x, y) => [node('Less', ['zero', x], [`${y} test`]), node('Where', [`${y} test`, x, 'zero'], [y])],
  ],
  [
    'where(x < 0, 0, x)',
    (x, y) => [node('Less', [x, 'zero'], [`${y} test`]), node('Where', [`${y} test`, 'zero', x], [y])],
  ],
  [
    'where(not x ≤ 0, x, 0)',
    (x, y) => [
      node('LessOrEqual', [x, 'zero'], [`${y} test`]),
      node('Not', [`${y} test`], [`${y} other`]),
      node('Where', [`${y} other`, x, 'zero'], [y]),
    ],
  ],
  [
    'x · (x > 0)',
    (x, y) => [
      node('Greater', [x, 'zero'], [`${y} test`]),
      node('Cast', [`${y} test`], [`${y} mask`], FLOAT),
      node('Mul', [x, `${y} mask`], [y]),
    ],
  ],
  [
    '(0 ≤ x) · x',
    (x, y) => [
      node('LessOrEqual', ['zero', x], [`${y} test`]),
      node('Cast', [`${y} test`], [`${y} mask`], FLOAT),
      node('Mul', [`${y} mask`, x], [y]),
    ],
  ],
  [
    'x · where(x > 0, 1, 0)',
    (x, y) => [
      node('Greater', [x, 'zero'], [`${y} test`]),
      node('Where', [`${y} test`, 'one', 'zero'], [`${y} mask`]),
      node('Mul', [x, `${y} mask`], [y]),
    ],
  ],
];
