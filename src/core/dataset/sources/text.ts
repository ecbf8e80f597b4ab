import { elementCount } from '../../tensor/tensor.js';
import { baseName, type DataFiles, folderOf } from '../data-files.js';
import { fingerprint } from '../fingerprint.js';
import { idsBeyond, tableText } from '../ids-beyond.js';
import { type InputHint, type ModelInput, typeText } from '../model-input.js';
import { tokenPreview } from '../previews.js';
import type { TextRecipe } from '../recipe.js';
import { DEFAULT_SEQUENCE_LENGTH } from '../roles.js';
import type { Row } from '../rows.js';
import { matchExample, withoutAxis } from '../shapes.js';
import { documentParts } from '../text/documents.js';
import { unusableText, unusableTokenizer } from '../text/text-problem.js';
import { type FileTokenizer, findTokenizer, openTokenizer, tokenizerText } from '../text/tokenizer.js';
import { windowsOf, type Windows } from '../text/windows.js';
import type { ExampleSource } from './example-source.js';

/** Changes when the same text and tokenizer give other windows. */
const VERSION = 'text 2';

export interface TextSource extends ExampleSource {
  /** 1 on text, 0 on padding: one row of the shape [length]. */
  mask(index: number): Row;
}

/**
 * Text as token ids, in windows of the context length: what the graph fixes, else what the recipe says, else 64.
 * @param limit windows that a run takes; no more of the file is read than they need.
 * @throws ProblemError `invalid-inputs`: no such file, not UTF-8, a line that is no JSON, nothing in it, a tokenizer
 *   that has other ids than the model's table has rows.
 */
export async function textSource(
  input: ModelInput,
  recipe: TextRecipe,
  batchAxis: number | undefined,
  files: DataFiles,
  tokenizer: FileTokenizer,
  hint: InputHint | undefined,
  limit: number,
): Promise<TextSource> {
  const { path } = recipe;
  const facts = await files.facts(path);
  if (facts?.kind !== 'file') {
    throw unusableText(path, `There is no file ${path}.`, 'Correct the path in the recipe, or choose the text again.');
  }
  const { length, fixed } = contextLength(input, recipe, batchAxis);
  const leftOutBefore = tokenizer.leftOut();
  const check = fitsVocabulary(input, tokenizer, hint);
  let characters = 0;
  const source = await files.open(path);
  const parts = (async function* () {
    for await (const part of documentParts(source, recipe)) {
      characters += part.text.length;
      yield part;
    }
  })();
  const windows = await windowsOf(parts, tokenizer, { windows: recipe.windows, length, fixed, limit, check });
  const leftOut = tokenizer.leftOut() - leftOutBefore;
  if (windows.count === 0) throw nothingThere(path, facts.size, tokenizer, leftOut);
  const { shape, wholeInput } = matchExample(input, batchAxis, [windows.length], path);

  const row = (values: Int32Array): Row => ({ type: 'int32', dims: shape, data: values });
  const slice = (all: Int32Array, index: number): Int32Array =>
    all.slice(index * windows.length, (index + 1) * windows.length);
  const read = (index: number): Row => row(slice(windows.ids, index));
  const nameOf = (index: number): string =>
    `${baseName(path)}, ${recipe.windows === 'packed' ? 'window' : 'document'} ${index + 1}`;
  const filledOf = (index: number): number => windows.filled[index] ?? 0;
  return {
    count: windows.count,
    more: windows.more,
    shape,
    wholeInput: wholeInput || batchAxis === undefined,
    ...(windows.filled.some((filled) => filled < windows.length)
      ? { padding: { length: windows.length, filled: filledOf } }
      : {}),
    describe: (used) => describe(used, recipe, windows, tokenizer),
    line: (used) => {
      const notes = [...notesOf(recipe, windows, tokenizer, length), ...characterNote(leftOut, characters)];
      return `text: ${describe(used, recipe, windows, tokenizer)}${notes.map((note) => `; ${note}`).join('')}`;
    },
    synthetic: false,
    fingerprint: () =>
      Promise.resolve(fingerprint(`${VERSION}:${facts.size}:${facts.modifiedMs}:${length}:${tokenizer.stamp}`)),
    read: (index) => Promise.resolve(read(index)),
    mask: (index) => ({
      type: 'int32',
      dims: [windows.length],
      data: new Int32Array(windows.length).fill(1, 0, filledOf(index)),
    }),
    nextTokens: (index) => Promise.resolve({ ids: slice(windows.next, index), filled: filledOf(index) }),
    tokens: tokenizer.text,
    nameOf,
    preview: (index) => Promise.resolve(tokenPreview(nameOf(index), read(index), tokenizer.text)),
    label: (index) => windows.labels[index],
  };
}

/**
 * The tokenizer that a recipe names, else one beside the model, else one beside the text.
 * @param modelName finds one that is named after the model.
 * @throws ProblemError `invalid-inputs` where there is none.
 */
export async function tokenizerFor(
  recipe: TextRecipe,
  named: string | undefined,
  files: DataFiles,
  modelName: string | undefined,
): Promise<FileTokenizer> {
  const path = named ?? (await findTokenizer(files, ['.', folderOf(recipe.path)], modelName));
  if (path !== undefined) return openTokenizer(files, path);
  throw missingTokenizer(recipe.path);
}

export function missingTokenizer(path: string): Error {
  return unusableText(
    path,
    `There is no tokenizer for ${baseName(path)}.`,
    'Put the tokenizer.json that was saved with the model beside it, or name it as “tokenizer” in the recipe.',
  );
}

interface ContextLength {
  readonly length: number;
  readonly fixed: boolean;
}

/** Tokens of a window: what the graph fixes, else what the recipe says. @throws ProblemError `invalid-inputs`. */
export function contextLength(
  input: ModelInput,
  recipe: Pick<TextRecipe, 'length'>,
  batchAxis: number | undefined,
): ContextLength {
  const declared = input.shape === undefined ? undefined : withoutAxis(input.shape, batchAxis);
  const sizes = declared?.filter((size): size is number => typeof size === 'number');
  if (declared === undefined || sizes === undefined || sizes.length < declared.length || declared.length === 0) {
    return { length: recipe.length ?? DEFAULT_SEQUENCE_LENGTH, fixed: false };
  }
  const length = elementCount(sizes);
  if (length < 1 || sizes.filter((size) => size !== 1).length > 1) {
    throw unusableText(
      `input “${input.name}”`,
      `“${input.name}” is ${typeText(input)}, which takes no row of token ids.`,
      'Give the text to another input, or this input another source.',
    );
  }
  if (recipe.length !== undefined && recipe.length !== length) {
    throw unusableText(
      `inputs.${input.name}.length`,
      `The recipe gives “${input.name}” windows of ${recipe.length} tokens, but the model takes ${length}.`,
      'Correct “length” in the recipe, or leave it out.',
    );
  }
  return { length, fixed: true };
}

/**
 * Refuses ids beyond the rows of the table that the input looks up.
 * @throws ProblemError `invalid-inputs` that names them, at once where the whole tokenizer is of another model.
 */
export function fitsVocabulary(
  input: ModelInput,
  tokenizer: FileTokenizer,
  hint: InputHint | undefined,
): (ids: readonly number[]) => void {
  const rows = hint?.vocabulary ?? Infinity;
  const refuse = (what: string): Error =>
    unusableTokenizer(tokenizer.path, `does not fit the model: ${what}, ${tableText(input, rows)}`);
  if (tokenizer.highestId >= rows) {
    const last = tokenizer.highestId;
    throw refuse(`its ids go up to ${last} (“${tokenizer.text.textOf(last)}”)`);
  }
  return (ids) => {
    if (ids.every((id) => id < rows)) return;
    const beyond = idsBeyond(ids, rows);
    throw refuse(`the text has ${beyond.map((id) => `${id} (“${tokenizer.text.textOf(id)}”)`).join(', ')}`);
  };
}

function nothingThere(path: string, size: number, tokenizer: FileTokenizer, characters: number): Error {
  if (characters > 0) {
    return unusableTokenizer(tokenizer.path, `has a token for none of the ${characters} characters of ${path}`);
  }
  return unusableText(path, `${path} ${size === 0 ? 'is empty' : 'holds no text'}.`, 'Choose a file with text in it.');
}

function describe(used: number, recipe: TextRecipe, windows: Windows, tokenizer: FileTokenizer): string {
  const noun = recipe.windows === 'packed' ? 'window' : 'document';
  const of = recipe.windows === 'packed' ? 'of' : 'of up to';
  return (
    `${used} ${noun}${used === 1 ? '' : 's'} ${of} ${windows.length} tokens from ${baseName(recipe.path)}, ` +
    `tokenized by ${tokenizerText(tokenizer)}`
  );
}

/** @param context tokens that a window would hold, were there enough. */
function notesOf(recipe: TextRecipe, windows: Windows, tokenizer: FileTokenizer, context: number): string[] {
  const notes: string[] = [];
  const { more, leftOut, cutOff, filled, length } = windows;
  if (more) notes.push('the text goes on');
  if (leftOut > 0) notes.push(`${leftOut} ${leftOut === 1 ? 'token' : 'tokens'} at the end left out`);
  if (cutOff > 0) notes.push(`${cutOff} ${cutOff === 1 ? 'document' : 'documents'} cut off`);
  const [first = 0] = filled;
  if (recipe.windows === 'packed' && first < context) {
    notes.push(`the text is shorter than one context, ${first} of ${context} tokens: choose a longer one to see more`);
  }
  if (filled.some((each) => each < length)) {
    const padding = `“${tokenizer.text.textOf(tokenizer.padding)}” (${tokenizer.padding})`;
    notes.push(`padded with ${padding}, which no figure counts`);
  }
  return notes;
}

/** Beyond this share of a text, a tokenizer is hardly the model’s. */
const MANY_LEFT_OUT = 0.05;

function characterNote(leftOut: number, read: number): string[] {
  if (leftOut === 0) return [];
  if (leftOut <= MANY_LEFT_OUT * read) {
    return [`${leftOut} ${leftOut === 1 ? 'character' : 'characters'} without a token left out`];
  }
  return [
    `${leftOut} of ${read} characters have no token and are left out: this is hardly the model’s tokenizer, choose another`,
  ];
}
