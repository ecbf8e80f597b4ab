import {
  integer,
  invalid,
  list,
  number,
  object,
  oneOf,
  optional,
  record,
  required,
  text,
  withDefault,
  type Check,
} from './check-json.js';
import { MOST_SPLITS } from './input-ranges.js';
import type {
  ArrayRecipe,
  BoxRecipe,
  ConstantRecipe,
  ImageRecipe,
  InputRecipe,
  Recipe,
  SyntheticRecipe,
  TestDataRecipe,
  TextRecipe,
} from './recipe.js';

/** Ends of a box that are listed one by one. */
const MOST_ENDS = 1e6;

const path = text(4096);
const exampleShape = list(integer(0, 1e9), 0, 8, 'a list of at most 8 whole numbers');
const perChannel =
  (item: Check<number>): Check<readonly number[]> =>
  (value, place) => {
    const numbers = list(item, 1, 3, 'a list of 1 or 3 numbers')(value, place);
    if (numbers.length === 2) throw invalid(place, `“${place}” has 2 numbers.`, 'Give one number, or one per channel.');
    return numbers;
  };

const imageSize: Check<readonly [number, number]> = (value, place) => {
  const side = integer(1, 16384);
  const [height = 0, width = 0] = list(side, 2, 2, 'a list of height and width')(value, place);
  return [height, width];
};

/** Properties that are absent get the defaults that media/inspect.schema.json states. */
const SOURCES: { readonly [S in InputRecipe['source']]: Check<InputRecipe> } = {
  images: record<ImageRecipe>({
    source: required(oneOf('images')),
    path: required(path),
    resize: withDefault(oneOf('stretch', 'crop', 'pad'), 'stretch'),
    channels: withDefault(oneOf('rgb', 'bgr', 'gray'), 'rgb'),
    layout: withDefault(oneOf('nchw', 'nhwc'), 'nchw'),
    scale: withDefault(number(), 1 / 255),
    mean: withDefault(perChannel(number()), [0]),
    std: withDefault(perChannel(number({ above: 0 })), [1]),
    size: optional(imageSize),
  }),
  text: record<TextRecipe>({
    source: required(oneOf('text')),
    path: required(path),
    windows: withDefault(oneOf('packed', 'documents'), 'packed'),
    field: optional(text(1024)),
    label: optional(text(1024)),
    separator: optional(text(64)),
    length: optional(integer(1, 1_048_576)),
  }),
  array: arrayCheck('array'),
  tokens: arrayCheck('tokens'),
  'test-data': record<TestDataRecipe>({ source: required(oneOf('test-data')), path: required(path) }),
  synthetic: record<SyntheticRecipe>({
    source: required(oneOf('synthetic')),
    distribution: withDefault(oneOf('normal', 'uniform', 'integers'), 'normal'),
    low: optional(number()),
    high: optional(number()),
    seed: withDefault(integer(0, Number.MAX_SAFE_INTEGER), 0),
    shape: optional(exampleShape),
  }),
  constant: record<ConstantRecipe>({
    source: required(oneOf('constant')),
    value: required((value, place) => (value === 'range' ? value : number()(value, place))),
    shape: optional(exampleShape),
  }),
};

function arrayCheck(source: 'array' | 'tokens'): Check<ArrayRecipe> {
  return record<ArrayRecipe>({
    source: required(oneOf(source)),
    path: required(path),
    key: optional(text(1024)),
    length: optional(integer(1, 1_048_576)),
    scale: optional(number()),
    offset: optional(number()),
  });
}

const inputRecipe: Check<InputRecipe> = (value, place) => {
  const source = object(value, place)['source'];
  const check = SOURCES[oneOf(...(Object.keys(SOURCES) as InputRecipe['source'][]))(source, `${place}.source`)];
  const recipe = check(value, place);
  if (recipe.source === 'synthetic') checkRange(recipe, place);
  if (recipe.source === 'images') checkChannels(recipe, place);
  return recipe;
};

function checkChannels({ channels, mean, std }: ImageRecipe, place: string): void {
  if (channels === 'gray' && (mean.length > 1 || std.length > 1)) {
    throw invalid(`${place}.mean`, `“${place}” is gray, but mean or std has 3 numbers.`, 'Give one number for each.');
  }
}

function checkRange(recipe: SyntheticRecipe, place: string): void {
  if ((recipe.low ?? 0) > (recipe.high ?? 1)) {
    throw invalid(`${place}.low`, `“${place}.low” is above “high”.`, 'Swap the two numbers.');
  }
  if (recipe.distribution === 'integers' && ![recipe.low ?? 0, recipe.high ?? 1].every(Number.isInteger)) {
    throw invalid(
      `${place}.low`,
      `“${place}” draws integers between fractions.`,
      'Use whole numbers for low and high.',
    );
  }
}

const inputs: Check<Recipe['inputs']> = (value, place) =>
  Object.fromEntries(
    Object.entries(object(value, place)).map(([name, each]) => [name, inputRecipe(each, `${place}.${name}`)]),
  );

const rangeEnd: Check<number | readonly number[]> = (value, place) =>
  Array.isArray(value)
    ? list(number(), 1, MOST_ENDS, 'a list of numbers, one for each element')(value, place)
    : number()(value, place);

const boxInputs: Check<NonNullable<BoxRecipe['inputs']>> = (value, place) =>
  Object.fromEntries(
    Object.entries(object(value, place)).map(([name, each]) => {
      const range = record<{ lower: number | readonly number[]; upper: number | readonly number[] }>({
        lower: required(rangeEnd),
        upper: required(rangeEnd),
      })(each, `${place}.${name}`);
      checkEnds(range, `${place}.${name}`);
      return [name, range];
    }),
  );

function checkEnds(
  range: { lower: number | readonly number[]; upper: number | readonly number[] },
  place: string,
): void {
  const [lower, upper] = [[range.lower].flat(), [range.upper].flat()];
  const [low, high] = [
    (at: number) => lower[lower.length === 1 ? 0 : at],
    (at: number) => upper[upper.length === 1 ? 0 : at],
  ];
  const count = Math.max(lower.length, upper.length);
  if ([lower.length, upper.length].some((length) => length !== 1 && length !== count)) {
    throw invalid(
      place,
      `“${place}” has ${lower.length} lower and ${upper.length} upper ends.`,
      'Give as many of both.',
    );
  }
  const wrong = Array.from({ length: count }, (_, at) => at).find((at) => (low(at) ?? 0) > (high(at) ?? 0));
  if (wrong !== undefined) {
    throw invalid(
      place,
      `“${place}” has a lower end above its upper end, at element ${wrong}.`,
      'Swap the two numbers.',
    );
  }
}

const recipe = record<Omit<Recipe, 'version'> & { version: 1; $schema?: string }>({
  $schema: optional(text(4096)),
  version: required(oneOf(1)),
  inputs: required(inputs),
  limit: optional(integer(1, 10_000_000)),
  batch: optional(integer(1, 4096)),
  labels: optional(record<NonNullable<Recipe['labels']>>({ path: required(path), classes: optional(path) })),
  tokenizer: optional(path),
  box: optional(record<BoxRecipe>({ inputs: optional(boxInputs), splits: optional(integer(0, MOST_SPLITS)) })),
});

/** A recipe larger than this is no recipe. */
export const MAXIMUM_RECIPE_BYTES = 4e6;

/**
 * Reads the text of a recipe file and fills in the schema's defaults.
 * @throws ProblemError `invalid-recipe` with the line of a syntax error, or the JSON path of the wrong property.
 */
export function parseRecipe(source: string): Recipe {
  let value: unknown;
  try {
    value = JSON.parse(source.replace(/^\uFEFF/, ''));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw invalid(lineOf(source, message), `The recipe is not valid JSON: ${message}`, 'Correct the JSON there.');
  }
  return checkRecipe(value);
}

/** The same checks on a value that is already parsed (a message, a setting). @throws ProblemError `invalid-recipe`. */
function checkRecipe(value: unknown): Recipe {
  const { $schema: _, ...checked } = recipe(value, 'recipe');
  return checked;
}

/** JavaScript engines say "position 12" where they say anything; people want lines. */
function lineOf(source: string, message: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position === undefined) return source.trim() === '' ? 'line 1' : 'recipe';
  return `line ${source.slice(0, Number(position)).split('\n').length}`;
}
