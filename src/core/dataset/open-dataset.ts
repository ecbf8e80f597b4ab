import { problem, ProblemError } from '../errors.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import { type BatchPlan, planBatch } from './batch-axes.js';
import type { DataFiles } from './data-files.js';
import type { Batch, Dataset, SkippedInput, Targets } from './dataset.js';
import { fingerprint } from './fingerprint.js';
import { classIndex, openLabels } from './labels.js';
import { typeText, type InputHint, type ModelInput } from './model-input.js';
import { checkSigns, idsBeyond, tableText } from './ids-beyond.js';
import { openSources, type SourceOptions } from './open-sources.js';
import { randomStream } from './random.js';
import type { Recipe } from './recipe.js';
import { type FilledInput, fillRoles } from './roles.js';
import { type FeedType, isFeedType, numbers, type Row, storeRow, zeros } from './rows.js';
import { withAxis } from './shapes.js';
import { noiseSources } from './noise.js';
import { randomOrder, shuffledSources } from './shuffle.js';
import type { ExampleSource } from './sources/example-source.js';
import type { TokenText } from './token-text.js';

export interface DatasetOptions extends SourceOptions {
  /** Examples at most, where the recipe does not say. */
  readonly limit: number;
  /**
   * What stands in the place of the data to compare with. `shuffled`: every example's values in a random order, and every
   * label at another example (methods C2). `noise`: N(0, 1) in the shape of the data (methods F).
   */
  readonly control?: { readonly kind: 'shuffled' | 'noise'; readonly seed: number };
}

/** A dataset, and what opening it told. */
export interface OpenedDataset extends Dataset {
  /** By input: what it holds, where its recipe alone does not say it. */
  readonly lines: ReadonlyMap<string, string>;
}

/** An input ready to be fed. */
interface Feed {
  readonly input: ModelInput;
  readonly type: FeedType;
  readonly source: ExampleSource;
  /** Axis that counts examples; undefined: one value serves the run. */
  readonly axis: number | undefined;
  /** The recipe calls its numbers token ids, which have no sign. */
  readonly isTokens: boolean;
  /** Rows of the table that its ids look up. */
  readonly rows: number | undefined;
}

/**
 * Opens the inputs that a recipe describes. Where there are more examples than the limit, pictures are taken evenly
 * spaced over their sorted names (classes come one after another), everything else from the start.
 * @throws ProblemError `invalid-recipe` when the recipe names an input that the model has not, `invalid-inputs` when the
 *   data is missing or does not fit.
 */
export async function openDataset(
  recipe: Recipe,
  modelInputs: readonly ModelInput[],
  files: DataFiles,
  options: DatasetOptions,
): Promise<OpenedDataset> {
  checkNames(recipe, modelInputs);
  const filled = fillRoles(modelInputs, recipe, options.hints);
  const plan = planBatch(filled);
  const limit = recipe.limit ?? options.limit;
  checkLabels(recipe);
  const { control } = options;
  const inOrder = await openSources(filled, plan, recipe, files, { ...options, limit });
  const sources =
    control === undefined
      ? inOrder
      : (control.kind === 'shuffled' ? shuffledSources : noiseSources)(filled, inOrder, control.seed);
  const feeds = filled.map((each) => feedOf(each, sources, plan, options.hints?.get(each.input.name)));
  const labels = recipe.labels === undefined ? undefined : await openLabels(recipe.labels, files);

  const chosen = selection(filled, sources, limit);
  const fingerprints = await Promise.all(feeds.map(({ source }) => source.fingerprint(chosen)));
  const main = mainSource(filled, sources);
  if (chosen[0] !== undefined) await checkFirst(feeds, chosen[0], main);
  const synthetic = filled.filter(({ recipe: { source } }) => source === 'synthetic');
  const ragged = feeds.some(({ source }) => source.shape === undefined);
  const wholeInputs = filled.some(({ input, conventional }) => !conventional && sources.get(input.name)?.wholeInput);
  const padding = [...sources.values()].find((source) => source.padding !== undefined)?.padding;
  const skipped = new Map<number, SkippedInput>();
  const sourceIndex = (index: number): number => {
    const found = chosen[index];
    if (found === undefined) throw new RangeError(`No example ${index} of ${chosen.length}`);
    return found;
  };
  const labelOrder =
    control?.kind === 'shuffled'
      ? randomOrder(chosen.length, randomStream(control.seed, 'shuffle labels', 0))
      : undefined;
  const label = (index: number): string | undefined => {
    const at = sourceIndex(labelOrder?.[index] ?? index);
    return labels?.of(at, main.nameOf(at)) ?? main.label?.(at);
  };
  const targets = async (index: number): Promise<Targets> => {
    const next = await main.nextTokens?.(sourceIndex(index));
    const text = label(index);
    const found = text === undefined ? undefined : (labels?.classOf(text) ?? classIndex(text));
    return {
      ...(next === undefined ? {} : { nextTokens: next.ids, filled: next.filled }),
      ...(found === undefined ? {} : { classIndex: found }),
    };
  };

  return {
    size: chosen.length,
    description: description(filled, synthetic, main, chosen.length),
    synthetic: synthetic.length > 0 || control?.kind === 'noise',
    key: fingerprint(
      JSON.stringify([
        recipe,
        limit,
        modelInputs,
        filled.map((each) => each.recipe),
        fingerprints,
        ...(control === undefined ? [] : [{ control }]),
      ]),
    ),
    maximumBatch: ragged || wholeInputs ? 1 : (plan.fixed ?? Infinity),
    ...(padding === undefined ? {} : { paddedLength: padding.length }),
    get skipped() {
      return [...skipped.values()];
    },
    async batch(start, end) {
      const indices: number[] = [];
      const rows: Row[][] = [];
      for (let index = start; index < end; index++) {
        const at = sourceIndex(index);
        if (padding?.filled(at) === 0) {
          skipped.set(index, { name: main.nameOf(at), reason: 'It holds no tokens.' });
          continue;
        }
        try {
          rows.push(await readExample(feeds, at));
          indices.push(index);
        } catch (error) {
          if (!(error instanceof ProblemError)) throw error;
          skipped.set(index, { name: main.nameOf(at), reason: error.problem.message });
          continue;
        }
        checkIds(feeds, rows.at(-1) ?? [], main.nameOf(at));
      }
      const batch = batchOf(feeds, rows, indices, plan.fixed);
      if (padding === undefined) return batch;
      return { ...batch, filled: indices.map((index) => padding.filled(sourceIndex(index))) };
    },
    async preview(index) {
      const preview = await main.preview(sourceIndex(index));
      const text = label(index);
      return text === undefined ? preview : { ...preview, label: text };
    },
    label,
    ...classNames(labels?.classes, main.tokens),
    targets,
    lines: linesOf(sources, chosen.length),
  };
}

/** Names go to the page in one message. */
const MOST_TOKENS_NAMED = 200_000;

/** Classes of the recipe, else the tokens that a language model chooses from. */
function classNames(classes: readonly string[] = [], tokens: TokenText | undefined): Pick<Dataset, 'classes'> {
  if (classes.length > 0) return { classes };
  if (tokens === undefined || tokens.size > MOST_TOKENS_NAMED) return {};
  return { classes: Array.from({ length: tokens.size }, (_, id) => `“${tokens.textOf(id)}”`) };
}

function linesOf(sources: ReadonlyMap<string, ExampleSource>, used: number): ReadonlyMap<string, string> {
  return new Map(
    [...sources].flatMap(([name, source]) => (source.line === undefined ? [] : [[name, source.line(used)] as const])),
  );
}

function checkNames(recipe: Recipe, modelInputs: readonly ModelInput[]): void {
  for (const name of Object.keys(recipe.inputs)) {
    if (modelInputs.some((input) => input.name === name)) continue;
    const names = modelInputs.map((input) => `“${input.name}”`).join(', ');
    throw problem('invalid-recipe', `The recipe names the input “${name}”, which the model does not have.`, {
      place: `inputs.${name}`,
      remedy: `Use the name of one of its inputs: ${names}.`,
    });
  }
  if (modelInputs.length === 0) {
    throw problem('invalid-inputs', 'The model has no inputs, so there is nothing to run it on.', {
      remedy: 'Its structure and weights can still be explored.',
    });
  }
}

/** Labels count documents; packed windows are none. */
function checkLabels({ inputs, labels }: Recipe): void {
  const packed = Object.entries(inputs).find(([, each]) => each.source === 'text' && each.windows === 'packed');
  if (labels === undefined || packed === undefined) return;
  throw problem('invalid-recipe', 'There are labels for documents, but the text is packed into windows.', {
    place: `inputs.${packed[0]}.windows`,
    remedy: 'Set “windows” to "documents", or leave “labels” out.',
  });
}

function feedOf(
  { input, recipe }: FilledInput,
  sources: ReadonlyMap<string, ExampleSource>,
  plan: BatchPlan,
  hint: InputHint | undefined,
): Feed {
  const source = sources.get(input.name);
  if (source === undefined || !isFeedType(input.type)) {
    throw problem('invalid-inputs', `The input “${input.name}” is ${typeText(input)}, which cannot be fed.`, {
      place: `input “${input.name}”`,
      remedy: 'Export the model with tensors of numbers as inputs.',
    });
  }
  const axis = source.wholeInput ? undefined : plan.axes.get(input.name);
  const rows = hint?.looksUp === true ? hint.vocabulary : undefined;
  return { input, type: input.type, source, axis, isTokens: recipe.source === 'tokens', rows };
}

/** The source that a person would call "the inputs": pictures first, then other data, then random values. */
function mainSource(filled: readonly FilledInput[], sources: ReadonlyMap<string, ExampleSource>): ExampleSource {
  const order = ['images', 'text', 'tokens', 'array', 'test-data', 'synthetic', 'constant'] as const;
  const first = order.flatMap((kind) => filled.filter(({ recipe }) => recipe.source === kind))[0];
  const source = first === undefined ? undefined : sources.get(first.input.name);
  if (source === undefined) throw new Error('A dataset needs an input');
  return source;
}

/** Source indices of the examples that a run takes. */
function selection(
  filled: readonly FilledInput[],
  sources: ReadonlyMap<string, ExampleSource>,
  limit: number,
): Int32Array {
  let total: number | undefined;
  let from = '';
  let open = false;
  for (const { input } of filled) {
    const { count, more = false } = sources.get(input.name) ?? {};
    if (count === undefined) continue;
    // Where reading stopped at the limit, there are at least as many as anything else may have.
    const enough = (more && (total ?? 0) >= count) || (open && count >= (total ?? 0));
    if (total !== undefined && count !== total && !enough) {
      throw problem('invalid-inputs', `There are ${total} examples for “${from}” but ${count} for “${input.name}”.`, {
        place: `inputs.${input.name}`,
        remedy: 'Give every input the same number of examples.',
      });
    }
    if (total === undefined || (open && !more)) {
      total = count;
      from = input.name;
      open = more;
    }
  }
  // What is the same in every example is one example.
  const endless = filled.some(({ recipe }) => recipe.source === 'synthetic') ? limit : 1;
  const all = total ?? endless;
  const size = Math.min(all, limit);
  const spaced = filled.some(({ recipe }) => recipe.source === 'images');
  return Int32Array.from({ length: size }, (_, i) => (spaced ? Math.floor((i * all) / size) : i));
}

function description(
  filled: readonly FilledInput[],
  synthetic: readonly FilledInput[],
  main: ExampleSource,
  size: number,
): string {
  if (synthetic.length === 0 || main.synthetic) return main.describe(size);
  const names = synthetic.map(({ input }) => `“${input.name}”`).join(' and ');
  const others = filled.length - synthetic.length > 0 ? ` beside ${main.describe(size)}` : '';
  return `random ${names}${others}`;
}

async function readExample(feeds: readonly Feed[], index: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { source } of feeds) rows.push(await source.read(index));
  return rows;
}

/** Tokens of another model mostly show at once, so that no run is needed to tell. @throws ProblemError `invalid-inputs`. */
async function checkFirst(feeds: readonly Feed[], index: number, main: ExampleSource): Promise<void> {
  if (feeds.every(({ rows, isTokens }) => rows === undefined && !isTokens)) return;
  // What cannot be read is left out when its turn comes.
  const example = await readExample(feeds, index).catch((error: unknown) => {
    if (error instanceof ProblemError) return [];
    throw error;
  });
  checkIds(feeds, example, main.nameOf(index));
}

/** One such id tells that all tokens are of another model. @throws ProblemError `invalid-inputs` that names them. */
function checkIds(feeds: readonly Feed[], example: readonly Row[], name: string): void {
  for (const [position, { input, isTokens, rows }] of feeds.entries()) {
    const row = example[position];
    if (row === undefined) continue;
    if (isTokens) checkSigns(input, numbers(row), name);
    if (rows === undefined) continue;
    const beyond = idsBeyond(numbers(row), rows);
    if (beyond.length === 0) continue;
    throw problem(
      'invalid-inputs',
      `The tokens do not fit the model: ${name} has ${beyond.join(', ')}, ${tableText(input, rows)}.`,
      {
        place: `input “${input.name}”`,
        remedy: 'Choose tokens that the model’s own tokenizer made, or the text itself with its tokenizer.json.',
      },
    );
  }
}

/**
 * Puts examples side by side. @param rows one list per example, in the order of `feeds`; all examples of one shape.
 * Where the graph fixes its batch, the last example fills the rest.
 */
function batchOf(feeds: readonly Feed[], rows: readonly Row[][], indices: number[], fixed: number | undefined): Batch {
  if (rows.length === 0) return { feeds: {}, indices };
  const count = fixed ?? rows.length;
  if (rows.length > count) throw new RangeError(`A batch of ${rows.length} where the graph takes ${count}`);
  const tensors: Record<string, Tensor> = {};
  for (const [position, { input, type, axis }] of feeds.entries()) {
    const example = (row: number): Row => rows[Math.min(row, rows.length - 1)]?.[position] as Row;
    const shape = example(0).dims;
    const dims = withAxis(shape, axis, count);
    const data = zeros(type, elementCount(dims), input.name);
    const inner = elementCount(shape.slice(axis ?? 0));
    for (let row = 0; row < (axis === undefined ? 1 : count); row++) {
      storeRow(data, type, example(row), { offset: row * inner, runLength: inner, runStride: inner * count });
    }
    tensors[input.name] = { type, dims, data };
  }
  return { feeds: tensors satisfies NamedTensors, indices };
}
