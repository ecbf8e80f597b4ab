/** Sizes of axes in terms of a model's open dimensions: "batch", "2 × sequence", "past + sequence", "⌈height / 2⌉". */

/**
 * coefficient · Π factors · ⌊(Σ terms + constant) / divisor⌋, all integers. What sums, products, strided windows and
 * reshapes make of the sizes of inputs; anything else is unknown.
 */
export interface Dimension {
  readonly coefficient: number;
  /** Names that multiply the rest; one that is squared stands twice. */
  readonly factors: readonly string[];
  /** Name and its coefficient inside the sum. */
  readonly terms: readonly (readonly [name: string, coefficient: number])[];
  readonly constant: number;
  readonly divisor: number;
}

/** A size for each open dimension, by its name. */
export type Sizes = ReadonlyMap<string, number>;

/** Larger sizes are not sizes: the product of two of them must stay exact. */
const LARGEST_SIZE = 2 ** 26;
/** Longer texts are names. */
const LONGEST_EXPRESSION = 200;

export function constantDimension(size: number): Dimension {
  return { coefficient: 1, factors: [], terms: [], constant: size, divisor: 1 };
}

/** The dimension as a person reads it. */
export function dimensionText({ coefficient, factors, terms, constant, divisor }: Dimension): string {
  const inner = quotientText(terms, constant, divisor);
  const isOne = terms.length === 0 && constant === 1 && divisor === 1;
  const parts = [...(coefficient === 1 ? [] : [String(coefficient)]), ...factors];
  if (parts.length === 0) return inner;
  if (isOne) return parts.join(' × ');
  const isSum = divisor === 1 && terms.length + (constant === 0 ? 0 : 1) > 1;
  return [...parts, isSum ? `(${inner})` : inner].join(' × ');
}

function quotientText(terms: Dimension['terms'], constant: number, divisor: number): string {
  if (divisor === 1) return sumText(terms, constant);
  // ⌊(x + k − 1) / k⌋ is what people write as ⌈x / k⌉.
  const roundsUp = constant === divisor - 1;
  const sum = sumText(terms, roundsUp ? 0 : constant);
  const dividend = sum.includes(' ') ? `(${sum})` : sum;
  return roundsUp ? `⌈${dividend} / ${divisor}⌉` : `⌊${dividend} / ${divisor}⌋`;
}

function sumText(terms: Dimension['terms'], constant: number): string {
  let text = '';
  const add = (value: number, what: string): void => {
    const size = Math.abs(value);
    const product = what === '' ? String(size) : size === 1 ? what : `${size} × ${what}`;
    if (text === '') text = value < 0 ? `−${product}` : product;
    else text += value < 0 ? ` − ${product}` : ` + ${product}`;
  };
  for (const [name, coefficient] of terms) add(coefficient, name);
  if (constant !== 0 || text === '') add(constant, '');
  return text;
}

/** The size for given sizes of the names; undefined where one is missing or the result is no size. */
export function evaluateDimension(dimension: Dimension, sizes: Sizes): number | undefined {
  let sum = dimension.constant;
  for (const [name, coefficient] of dimension.terms) sum += coefficient * (sizes.get(name) ?? NaN);
  let size = dimension.coefficient * Math.floor(sum / dimension.divisor);
  for (const name of dimension.factors) size *= sizes.get(name) ?? NaN;
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

/**
 * What an open dimension's name says: a name alone, or a sum that exporters write out ("past_sequence_length + 1",
 * "2*s0"). Anything else is taken as a name as it stands.
 */
export function parseDimension(text: string): Dimension {
  return parseSum(text) ?? { coefficient: 1, factors: [], terms: [[text, 1]], constant: 0, divisor: 1 };
}

function parseSum(text: string): Dimension | undefined {
  if (text.length > LONGEST_EXPRESSION || !/[+*−-]/.test(text)) return undefined;
  const terms = new Map<string, number>();
  let constant = 0;
  const pieces = text.replaceAll('−', '-').match(/[+-]?[^+-]+/g) ?? [];
  for (const [index, piece] of pieces.entries()) {
    const [, sign, product = ''] = /^\s*([+-]?)\s*(.*?)\s*$/.exec(piece) ?? [];
    if (index > 0 && sign === '') return undefined;
    const direction = sign === '-' ? -1 : 1;
    const [, before, name, after] = /^(?:(\d{1,8})\s*\*\s*)?([A-Za-z_]\w*)(?:\s*\*\s*(\d{1,8}))?$/.exec(product) ?? [];
    if (name !== undefined && (before === undefined || after === undefined)) {
      terms.set(name, (terms.get(name) ?? 0) + direction * Number(before ?? after ?? 1));
    } else if (/^\d{1,8}$/.test(product)) constant += direction * Number(product);
    else return undefined;
  }
  const used = [...terms].filter(([, coefficient]) => coefficient !== 0);
  return used.length === 0 ? undefined : { coefficient: 1, factors: [], terms: used, constant, divisor: 1 };
}

/** Whether a number may be the size of an axis. */
export function isSize(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= LARGEST_SIZE;
}
