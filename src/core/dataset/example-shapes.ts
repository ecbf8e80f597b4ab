import { problem } from '../errors.js';
import { imageForm, shapeText, typeText, type ModelInput } from './model-input.js';
import {
  conventionalInputs,
  DEFAULT_SEQUENCE_LENGTH,
  DEFAULT_SOUND_LENGTH,
  roleOf,
  type FilledInput,
} from './roles.js';
import { checkElements } from './rows.js';
import { type Bound, knownSize, withoutAxis } from './shapes.js';
import { DEFAULT_SIDE } from './sources/images.js';

export interface Surroundings {
  readonly bound: Bound;
  /** Length of the data's sequences, which masks and positions share. */
  readonly mainLength: number | undefined;
  /** The model takes samples of sound. */
  readonly sound: boolean;
}

/** Whether the model's other inputs say that it hears: a sample rate. */
export function takesSound(modelInputs: readonly ModelInput[]): boolean {
  return [...conventionalInputs(modelInputs).values()].some((role) => role.value === 16000);
}

/**
 * The shape of one made-up example (no batch axis): what the recipe says, else what the graph fixes, what data gave to
 * dimensions of the same name, and defaults for the rest.
 * @throws ProblemError `invalid-inputs` when the recipe's shape does not fit the input.
 */
export function madeUpShape(filled: FilledInput, axis: number | undefined, around: Surroundings): number[] {
  const { input, recipe } = filled;
  const declared = withoutAxis(input.shape ?? [], axis);
  const own = 'shape' in recipe ? recipe.shape : undefined;
  if (own !== undefined) {
    const fits =
      input.shape === undefined ||
      (own.length === declared.length && declared.every((size, i) => typeof size === 'string' || size === own[i]));
    if (fits) return checked(input, own);
    throw problem(
      'invalid-inputs',
      `The recipe gives “${input.name}” the shape ${shapeText(own)} per example, but the model takes ` +
        `${shapeText(declared)} (${typeText(input)}).`,
      { place: `inputs.${input.name}.shape`, remedy: 'Correct “shape” in the recipe, or leave it out.' },
    );
  }
  const sizes = declared.map((size, i) => knownSize(size, around.bound) ?? defaultSize(filled, declared, i, around));
  return checked(input, sizes);
}

function checked(input: ModelInput, shape: readonly number[]): number[] {
  checkElements(input, shape);
  return [...shape];
}

function defaultSize(
  { input, conventional }: FilledInput,
  declared: readonly (number | string)[],
  axis: number,
  around: Surroundings,
): number {
  const dimension = String(declared[axis]);
  if (conventional) {
    // A mask over what is cached and what is new (“past_sequence_length + sequence_length”): nothing is cached.
    const spansCache = dimension.includes('+') && !roleOf(input)?.carried;
    if (spansCache) return around.mainLength ?? DEFAULT_SEQUENCE_LENGTH;
    if (/past/i.test(dimension) || (roleOf(input)?.carried && /past/i.test(input.name))) return 0;
    return around.mainLength ?? DEFAULT_SEQUENCE_LENGTH;
  }
  const everythingOpen = declared.length === 3 && declared.every((size) => typeof size === 'string');
  if (everythingOpen) return axis === 0 ? 3 : DEFAULT_SIDE;
  if (imageForm(input) !== undefined) return DEFAULT_SIDE;
  return around.sound ? DEFAULT_SOUND_LENGTH : DEFAULT_SEQUENCE_LENGTH;
}
