import { isFloat, isTokenLike, imageForm, type InputHint, type InputHints, type ModelInput } from './model-input.js';
import type { ConstantRecipe, InputRecipe, Recipe, SyntheticRecipe } from './recipe.js';

/** Inputs that a name gives away, and what they hold by convention when nobody says otherwise. */
interface Role {
  readonly name: RegExp;
  /** The types that play this role; any when absent. */
  readonly types?: readonly string[];
  readonly value: ConstantRecipe['value'];
  /** What a person reads: "no padding". */
  readonly meaning: string;
  /** What a run hands to the next: zeros mean a fresh start. */
  readonly carried?: true;
}

// The names are those that Hugging Face Optimum, tf2onnx and the usual speech exporters write.
const ATTENTION_MASK: Role = {
  name: /(^|[._])attention_mask/i,
  value: 1,
  meaning: 'attention mask without padding',
};
const ROLES: readonly Role[] = [
  ATTENTION_MASK,
  { name: /(^|[._])position_ids?$|^cache_position$/i, value: 'range', meaning: 'positions' },
  { name: /(^|[._])(token_type_ids?|segment_ids?)/i, value: 0, meaning: 'one segment' },
  { name: /^use_cache_branch$/i, types: ['bool'], value: 0, meaning: 'without a cache' },
  { name: /^past(_|\.|$)|past_key|past_value/i, value: 0, meaning: 'empty key-value cache', carried: true },
  { name: /^(sr|sample_rate|sampling_rate)$/i, value: 16000, meaning: 'sample rate of 16,000 per second' },
  { name: /^(is_)?training(_mode)?$/i, types: ['bool'], value: 0, meaning: 'not training' },
  { name: /(^|[._])mask$/i, value: 1, meaning: 'mask that lets everything pass' },
  {
    name: /(^|[._])(states?|cache|hidden|cell|h|c|hn|cn|h0|c0|memory|context_state)([._]?(ins?|\d+))?$/i,
    value: 0,
    meaning: 'state at its start',
    carried: true,
  },
];

export function roleOf(input: ModelInput): Role | undefined {
  return ROLES.find(({ name, types }) => name.test(input.name) && (types?.includes(input.type) ?? true));
}

export function isAttentionMask(input: ModelInput): boolean {
  return roleOf(input) === ATTENTION_MASK;
}

/** Length of sequences that the graph leaves open, where nothing else says it. */
export const DEFAULT_SEQUENCE_LENGTH = 64;
/** The same for samples of sound: 32 ms at 16 kHz, the window that streaming speech models take. */
export const DEFAULT_SOUND_LENGTH = 512;
/** Highest id where the size of the vocabulary is unknown: small enough for any. */
const SAFE_HIGHEST_ID = 9;
const DEFAULT_SEED = 1;

export interface FilledInput {
  readonly input: ModelInput;
  readonly recipe: InputRecipe;
  /** Set when the recipe did not name the input: why it holds what it holds. */
  readonly filled?: string;
  /** The input's value does not come from data: it is there to make the model run. */
  readonly conventional: boolean;
}

/** The recipe's own entry for an input: names like "constructor" are names, nothing else. */
export function recipeFor(recipe: Recipe, name: string): InputRecipe | undefined {
  return Object.hasOwn(recipe.inputs, name) ? recipe.inputs[name] : undefined;
}

/**
 * Every input of the model with a source: the recipe's, or what its role says (masks of ones, counted positions, empty
 * caches, states at zero), or random values. An input that is the model's only one always counts as data.
 */
export function fillRoles(modelInputs: readonly ModelInput[], recipe: Recipe, hints?: InputHints): FilledInput[] {
  const conventional = conventionalInputs(modelInputs);
  return modelInputs.map((input) => {
    const own = recipeFor(recipe, input.name);
    if (own !== undefined) return { input, recipe: own, conventional: own.source === 'constant' };
    const role = conventional.get(input.name);
    if (role !== undefined) {
      return {
        input,
        recipe: { source: 'constant', value: role.value },
        filled: `${role.meaning}, guessed from the input’s name`,
        conventional: true,
      };
    }
    return {
      input,
      recipe: syntheticGuess(input, hints?.get(input.name)),
      filled: 'nothing else was found for this input',
      conventional: false,
    };
  });
}

/** Inputs with a role, unless every input would have one: then all are data. */
export function conventionalInputs(modelInputs: readonly ModelInput[]): ReadonlyMap<string, Role> {
  const roles = new Map<string, Role>();
  for (const input of modelInputs) {
    const role = roleOf(input);
    if (role !== undefined) roles.set(input.name, role);
  }
  return roles.size === modelInputs.length ? new Map() : roles;
}

/** Random values of the kind that an input expects. */
export function syntheticGuess(input: ModelInput, hint: InputHint | undefined): SyntheticRecipe {
  const base = { source: 'synthetic', seed: DEFAULT_SEED } as const;
  if (isTokenLike(input, hint)) {
    return { ...base, distribution: 'integers', low: 0, high: highestId(input, hint) };
  }
  if (input.type === 'bool') return { ...base, distribution: 'integers', low: 0, high: 1 };
  if (!isFloat(input.type)) {
    return {
      ...base,
      distribution: 'integers',
      low: input.type === 'int8' ? -128 : 0,
      high: input.type === 'int8' ? 127 : 255,
    };
  }
  if (hint?.rescales === true || /rescaling/i.test(input.name)) {
    return { ...base, distribution: 'uniform', low: 0, high: 255 };
  }
  if (imageForm(input)?.channels === 1) return { ...base, distribution: 'uniform', low: 0, high: 1 };
  return { ...base, distribution: 'normal' };
}

function highestId(input: ModelInput, hint: InputHint | undefined): number {
  if (hint?.vocabulary !== undefined) return Math.max(0, hint.vocabulary - 1);
  if (input.type === 'uint8') return 255;
  if (input.type === 'int8') return 127;
  return SAFE_HIGHEST_ID;
}
