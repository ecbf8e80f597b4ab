import { isPictureName } from './decode-image.js';
import { baseName, shownPath } from './data-files.js';
import type { InputHints, ModelInput } from './model-input.js';
import type { ImageRecipe, Recipe } from './recipe.js';
import { fillRoles, type FilledInput } from './roles.js';
import { imageFrame } from './sources/images.js';
import { distributionText } from './sources/synthetic.js';
import { planBatch } from './batch-axes.js';
import { ProblemError } from '../errors.js';

export type RecipeOrigin = 'file' | 'guessed' | 'chosen';

/** How one input is made, in words. */
export interface InputLine {
  readonly input: string;
  readonly text: string;
  readonly synthetic: boolean;
}

/**
 * One line per graph input: what it holds, how it is prepared, and what of that was guessed.
 * @param details.size examples that a run takes, where the data could be opened, and `lines`: what opening it told.
 */
export function describeInputs(
  recipe: Recipe,
  modelInputs: readonly ModelInput[],
  origin: RecipeOrigin,
  details: {
    readonly size?: number;
    readonly hints?: InputHints;
    readonly lines?: ReadonlyMap<string, string>;
  } = {},
): readonly InputLine[] {
  const filled = fillRoles(modelInputs, recipe, details.hints);
  const { axes } = planBatch(filled);
  return filled.map((each) => ({
    input: each.input.name,
    text: details.lines?.get(each.input.name) ?? lineOf(each, axes.get(each.input.name), origin, details.size),
    synthetic: each.recipe.source === 'synthetic',
  }));
}

function lineOf(
  { input, recipe, filled }: FilledInput,
  axis: number | undefined,
  origin: RecipeOrigin,
  size: number | undefined,
): string {
  const note = filled === undefined ? '' : ` (${filled})`;
  switch (recipe.source) {
    case 'images': {
      const guessed = origin === 'file' ? '' : ' (preparation guessed from the input’s shape)';
      const frame = frameText(input, recipe, axis);
      const parts = [picturesText(recipe.path, size), frame, channelText(recipe), preparationText(recipe)];
      return parts.filter((part) => part !== '').join(', ') + guessed;
    }
    case 'text':
      return `text from ${baseName(recipe.path)}, ${recipe.windows === 'packed' ? 'packed into windows' : 'one document each'}`;
    case 'array':
    case 'tokens': {
      const { scale = 1, offset = 0, key } = recipe;
      const what = recipe.source === 'tokens' ? counted(size, 'token sequence') : counted(size, 'example');
      const from = `${baseName(recipe.path)}${key === undefined ? '' : `, “${key}”`}`;
      const formula = scale === 1 && offset === 0 ? '' : `, ${affineText(scale)}${offsetText(offset)}`;
      return `${what} from ${from}${formula}`;
    }
    case 'test-data':
      return `${counted(size, 'example')} of ONNX test data in ${shownPath(recipe.path)}`;
    case 'synthetic':
      return `${distributionText(recipe)}, seed ${recipe.seed}${shapeNote(recipe.shape)}${note}`;
    case 'constant':
      return recipe.value === 'range'
        ? `0, 1, 2, … in every example${note}`
        : `always ${format(recipe.value)}${shapeNote(recipe.shape)}${note}`;
  }
}

function counted(size: number | undefined, noun: string): string {
  return size === undefined ? `${noun}s` : `${size} ${noun}${size === 1 ? '' : 's'}`;
}

function picturesText(path: string, size: number | undefined): string {
  const from = isPictureName(path) ? baseName(path) : `${shownPath(path)}/`;
  return `${counted(size, 'image')} from ${from}`;
}

function shapeNote(shape: readonly number[] | undefined): string {
  return shape === undefined ? '' : `, ${shape.length === 0 ? 'one value' : shape.join(' × ')} per example`;
}

const RESIZING = { stretch: 'stretched to', crop: 'centre cropped to', pad: 'padded with black to' } as const;

function frameText(input: ModelInput, recipe: ImageRecipe, axis: number | undefined): string {
  try {
    const { height, width } = imageFrame(input, recipe, axis);
    return `${RESIZING[recipe.resize]} ${width} × ${height}`;
  } catch (error) {
    // That they do not fit is said where the inputs are opened.
    if (error instanceof ProblemError) return '';
    throw error;
  }
}

function channelText({ channels }: ImageRecipe): string {
  return channels === 'gray' ? 'gray' : channels;
}

/** "(x/255 − 0.5) / 0.25", x being a pixel from 0 to 255. */
export function preparationText({ scale, mean, std }: Pick<ImageRecipe, 'scale' | 'mean' | 'std'>): string {
  const x = affineText(scale);
  const noMean = mean.every((value) => value === 0);
  const noStd = std.every((value) => value === 1);
  if (noMean && noStd) return scale === 1 ? 'pixels from 0 to 255 as they are' : x;
  const shifted = noMean ? x : `(${x} − ${values(mean)})`;
  return noStd ? shifted.slice(1, -1) : `${shifted} / ${values(std)}`;
}

function values(list: readonly number[]): string {
  const distinct = new Set(list).size === 1 ? list.slice(0, 1) : list;
  return distinct.length === 1 ? format(distinct[0] ?? 0) : `[${distinct.map(format).join(', ')}]`;
}

/** "x/255" where a scale is one over a round number. */
function affineText(scale: number): string {
  if (scale === 1) return 'x';
  const inverse = 1 / scale;
  const round = Math.round(inverse * 2) / 2;
  return Math.abs(inverse - round) < 1e-9 * Math.abs(inverse) ? `x/${format(round)}` : `x · ${format(scale)}`;
}

function offsetText(offset: number): string {
  return offset === 0 ? '' : offset > 0 ? ` + ${format(offset)}` : ` − ${format(-offset)}`;
}

function format(value: number): string {
  return String(Number(value.toPrecision(6)));
}
