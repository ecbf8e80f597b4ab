import * as vscode from 'vscode';
import { inputRanges, MOST_SPLITS } from '../../core/dataset/input-ranges.js';
import type { BoxRecipe, Recipe } from '../../core/dataset/recipe.js';
import { problem } from '../../core/errors.js';
import type { ModelSession } from '../session/session.js';
import { showRun } from './run-pass.js';
import { openedModel, withModel, type CommandContext } from './target.js';

interface RangeItem extends vscode.QuickPickItem {
  /** The recipe's box afterwards (nothing stated: absent), or undefined when the person turned away. */
  readonly change: () => Promise<Pick<Recipe, 'box'> | undefined>;
}

const CERTIFICATES = 'certificates';

/** “State Input Range…”: what inputs can be at least and at most, and how finely that is cut; then certificates anew. */
export async function stateInputRange(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'State Input Range…', named, async (session) => {
    const { inputs, overview, passes } = openedModel(await session.open());
    const reason = passes.find(({ id }) => id === CERTIFICATES)?.reason;
    if (inputs === undefined || reason !== undefined) {
      throw problem('not-applicable', reason ?? `“${session.fileName}” holds weights only.`, {
        remedy: 'Ranges are what certificates rest on: open a model that they apply to.',
      });
    }
    const numeric = overview.network?.inputs.filter(({ type }) => type.startsWith('float')) ?? [];
    const { recipe } = inputs;
    const picked = await vscode.window.showQuickPick(
      itemsOf(
        numeric.map(({ name }) => name),
        recipe,
      ),
      { title: `Range of the inputs of ${session.fileName}`, placeHolder: 'Certificates hold for every input within' },
    );
    const changed = await picked?.change();
    if (changed === undefined) return;
    const { box: _before, ...others } = recipe;
    await certify(session, { ...others, ...changed });
  });
}

async function certify(session: ModelSession, recipe: Recipe): Promise<void> {
  await session.setInputs(recipe);
  await showRun(session, await session.run([CERTIFICATES]));
}

async function boxed(asked: Promise<BoxRecipe | undefined>): Promise<Pick<Recipe, 'box'> | undefined> {
  const box = await asked;
  return box && { box };
}

function itemsOf(names: readonly string[], recipe: Recipe): readonly RangeItem[] {
  const { box } = recipe;
  const known = inputRanges(recipe);
  const splits = box?.splits ?? 0;
  const ranges = names.map((name): RangeItem => {
    const range = known[name];
    return {
      label: `$(symbol-numeric) ${name}`,
      description:
        range === undefined ? 'not known' : `${listText(range.lower)} to ${listText(range.upper)}, ${range.origin}`,
      change: () => boxed(askRange(name, box)),
    };
  });
  return [
    ...ranges,
    {
      label: '$(split-horizontal) Cut the range to prove more…',
      description: splits === 0 ? 'in one piece' : `at most ${splits} cuts`,
      detail: 'Each cut takes as long as the proof itself twice; worth it for a few inputs, not for pictures',
      change: () => boxed(askSplits(box)),
    },
    ...(box === undefined
      ? []
      : [
          {
            label: '$(discard) Forget what was stated',
            detail: 'Back to what follows from how inputs are prepared',
            change: () => Promise.resolve({}),
          },
        ]),
  ];
}

async function askRange(name: string, box: BoxRecipe | undefined): Promise<BoxRecipe | undefined> {
  const stated = box?.inputs?.[name];
  const lower = await askNumbers(`Least value of ${name}`, stated?.lower);
  if (lower === undefined) return undefined;
  const upper = await askNumbers(`Largest value of ${name}`, stated?.upper, lower);
  return upper === undefined ? undefined : { ...box, inputs: { ...box?.inputs, [name]: { lower, upper } } };
}

async function askNumbers(
  title: string,
  stated: number | readonly number[] | undefined,
  least?: number | readonly number[],
): Promise<number | readonly number[] | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: 'One number for all elements, or one for each element of an input, separated by commas',
    value: stated === undefined ? '' : [stated].flat().join(', '),
    validateInput: (text) => whyNoRange(numbersOf(text), least),
  });
  const numbers = typed === undefined ? undefined : numbersOf(typed);
  return numbers?.length === 1 ? numbers[0] : numbers;
}

function numbersOf(text: string): readonly number[] {
  return text.split(/[\s,;]+/).flatMap((part) => (part === '' ? [] : [Number(part)]));
}

function whyNoRange(numbers: readonly number[], least: number | readonly number[] | undefined): string | undefined {
  if (numbers.length === 0 || !numbers.every(Number.isFinite)) return 'Write a number, such as -0.5.';
  const lower = [least ?? -Infinity].flat();
  if (lower.length > 1 && numbers.length > 1 && lower.length !== numbers.length)
    return `Write one number, or ${lower.length} as for the least values.`;
  const pairs = Array.from({ length: Math.max(lower.length, numbers.length) }, (_, at) => at);
  const at = (list: readonly number[], index: number): number => list[list.length === 1 ? 0 : index] ?? NaN;
  const wrong = pairs.find((index) => !(at(numbers, index) >= at(lower, index)));
  return wrong === undefined ? undefined : `${at(numbers, wrong)} is less than the least value ${at(lower, wrong)}.`;
}

async function askSplits(box: BoxRecipe | undefined): Promise<BoxRecipe | undefined> {
  const typed = await vscode.window.showInputBox({
    title: 'How often may the range be cut in two?',
    prompt: 'It is cut where that tightens the bounds most; 0 leaves it in one piece',
    value: String(box?.splits ?? 0),
    validateInput: (text) => {
      const splits = Number(text);
      return text.trim() !== '' && Number.isInteger(splits) && splits >= 0 && splits <= MOST_SPLITS
        ? undefined
        : `Write a whole number from 0 to ${MOST_SPLITS}.`;
    },
  });
  return typed === undefined ? undefined : { ...box, splits: Number(typed) };
}

const NUMBERS_SHOWN = 3;

function listText(numbers: readonly number[]): string {
  const shown = numbers.slice(0, NUMBERS_SHOWN).map((value) => String(Number(value.toPrecision(4))));
  const list = numbers.length > NUMBERS_SHOWN ? [...shown, '…'].join(', ') : shown.join(', ');
  return numbers.length > 1 ? `(${list})` : list;
}
