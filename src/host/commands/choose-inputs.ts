import * as vscode from 'vscode';
import { parse } from 'node:path';
import { tokenizerNames } from '../../core/dataset/text/tokenizer-names.js';
import type { Recipe } from '../../core/dataset/recipe.js';
import { problem } from '../../core/errors.js';
import { toldLines } from '../../core/dataset/told-lines.js';
import type { InputsDescription } from '../../protocol/inspection.js';
import { recipeUri } from '../recipe-file.js';
import type { ModelSession } from '../session/session.js';
import { problemText } from '../texts.js';
import { openedModel, withModel, type CommandContext } from './target.js';

type Source = 'images' | 'text' | 'array' | 'test-data' | 'synthetic' | 'edit' | 'forget';

interface SourceItem extends vscode.QuickPickItem {
  readonly source: Source;
}

const sources: readonly SourceItem[] = [
  {
    source: 'images',
    label: '$(file-media) Folder of images…',
    detail: 'PNG and JPEG pictures, resized to the model’s input',
  },
  {
    source: 'text',
    label: '$(file-text) Text file…',
    detail:
      'A .txt, or a .jsonl with one document per line; tokenized by the tokenizer.json beside the model, or by one that you choose',
  },
  {
    source: 'array',
    label: '$(table) Array file…',
    detail: 'NumPy (.npy, .npz) or IDX (MNIST’s format, also gzipped); the first axis counts inputs',
  },
  {
    source: 'test-data',
    label: '$(beaker) ONNX test data folder…',
    detail: 'A folder with test_data_set_0, test_data_set_1, …',
  },
  {
    source: 'synthetic',
    label: '$(symbol-numeric) Random inputs',
    detail: 'Seeded; every number made from them says so',
  },
  {
    source: 'edit',
    label: '$(edit) Edit recipe file',
    detail: 'Every detail: preparation, limit, batch, labels, tokenizer',
  },
];
const forgetItem: SourceItem = {
  source: 'forget',
  label: '$(discard) Forget chosen inputs',
  detail: 'Back to the recipe file beside the model, or to what can be guessed',
};

/** “Choose Inputs…”: what the model is run on. */
export async function chooseInputs(context: CommandContext, named?: unknown): Promise<void> {
  await withModel(context, 'Choose Inputs…', named, async (session, uri) => {
    const { inputs } = openedModel(await session.open());
    if (inputs === undefined) {
      throw problem(
        'not-applicable',
        `“${session.fileName}” holds weights only: there is nothing to run inputs through.`,
        {
          remedy: 'Open the ONNX file of the whole model.',
        },
      );
    }
    const picked = await vscode.window.showQuickPick(inputs.origin === 'chosen' ? [...sources, forgetItem] : sources, {
      title: `Inputs of ${session.fileName}`,
      placeHolder: `Now: ${toldLines(inputs.lines)
        .map(({ text }) => text)
        .join('; ')}`,
      matchOnDetail: true,
    });
    if (picked === undefined) return;
    const chosen = await applySource(picked.source, session, uri, inputs);
    if (chosen !== undefined) report(chosen);
  });
}

async function applySource(
  source: Source,
  session: ModelSession,
  uri: vscode.Uri,
  inputs: InputsDescription,
): Promise<InputsDescription | undefined> {
  switch (source) {
    case 'forget':
      return session.setInputs(undefined);
    case 'edit':
      await editRecipe(uri, inputs.recipe);
      return undefined;
    case 'synthetic':
      return session.setInputs(randomRecipe(inputs.recipe));
    case 'images':
    case 'text':
    case 'array':
    case 'test-data':
      return choosePath(source, session, uri, inputs);
  }
}

async function choosePath(
  source: 'images' | 'text' | 'array' | 'test-data',
  session: ModelSession,
  uri: vscode.Uri,
  inputs: InputsDescription,
): Promise<InputsDescription | undefined> {
  // A test data folder holds every input; a folder of pictures or an array holds one. A text goes to the input that
  // takes token ids: the masks and positions beside it are filled in.
  const oneInput = source !== 'test-data' && source !== 'text';
  const input = oneInput ? await pickInput(inputs) : undefined;
  if (oneInput && input === undefined) return undefined;
  const folder = source === 'images' || source === 'test-data';
  const picked = await vscode.window.showOpenDialog({
    title: `Inputs of ${session.fileName}`,
    openLabel: 'Use as Inputs',
    canSelectFiles: !folder,
    canSelectFolders: folder,
    canSelectMany: false,
    filters: folder ? undefined : FILTERS[source],
    defaultUri: vscode.Uri.joinPath(uri, '..'),
  });
  const path = picked?.[0]?.fsPath;
  if (path === undefined) return undefined;
  const chosen = source === 'text' ? await chosenTokenizer(uri, vscode.Uri.file(path)) : {};
  if (chosen === undefined) return undefined;
  const worker = await session.worker();
  return session.setInputs(await worker.recipeFor({ path, input, ...chosen }));
}

const FILTERS: Readonly<Record<'text' | 'array', Record<string, string[]>>> = {
  text: { 'Text (.txt, .jsonl)': ['txt', 'jsonl', 'ndjson'], 'All files': ['*'] },
  array: { 'Arrays (.npy, .npz, IDX)': ['npy', 'npz', 'gz', 'idx', 'idx1-ubyte', 'idx3-ubyte'], 'All files': ['*'] },
};

/** Asks for a tokenizer where none lies beside the model or the text. @returns undefined when it was dismissed. */
async function chosenTokenizer(
  model: vscode.Uri,
  text: vscode.Uri,
): Promise<{ readonly tokenizer?: string } | undefined> {
  const names = tokenizerNames(parse(model.fsPath).name);
  for (const folder of [vscode.Uri.joinPath(model, '..'), vscode.Uri.joinPath(text, '..')]) {
    for (const name of names) if (await exists(vscode.Uri.joinPath(folder, name))) return {};
  }
  const picked = await vscode.window.showOpenDialog({
    title: 'Tokenizer: no tokenizer.json lies beside the model',
    openLabel: 'Use as Tokenizer',
    canSelectMany: false,
    filters: { 'Tokenizers and vocabularies (.json, .txt)': ['json', 'txt'] },
    defaultUri: vscode.Uri.joinPath(model, '..'),
  });
  const tokenizer = picked?.[0]?.fsPath;
  return tokenizer === undefined ? undefined : { tokenizer };
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}

async function pickInput(inputs: InputsDescription): Promise<string | undefined> {
  const items = inputs.lines.map((line) => ({ label: line.input, description: line.text }));
  if (items.length <= 1) return items[0]?.label;
  const picked = await vscode.window.showQuickPick(items, { title: 'Which of the model’s inputs?' });
  return picked?.label;
}

/** The same recipe with nothing from files: each input is drawn at random again. */
function randomRecipe(recipe: Recipe): Recipe {
  const inputs = Object.fromEntries(
    Object.entries(recipe.inputs).map(([name, input]) =>
      input.source === 'constant' || input.source === 'synthetic'
        ? [name, input]
        : [
            name,
            {
              source: 'synthetic',
              distribution: input.source === 'tokens' || input.source === 'text' ? 'integers' : 'normal',
              seed: 1,
            } as const,
          ],
    ),
  );
  return { version: 1, inputs, limit: recipe.limit, batch: recipe.batch };
}

async function editRecipe(model: vscode.Uri, recipe: Recipe): Promise<void> {
  const file = recipeUri(model);
  if (!(await exists(file)))
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(`${JSON.stringify(recipe, null, 2)}\n`));
  await vscode.window.showTextDocument(file, { viewColumn: vscode.ViewColumn.Beside });
}

function report(inputs: InputsDescription): void {
  const text = toldLines(inputs.lines)
    .map((line) => line.text)
    .join('; ');
  if (inputs.problem === undefined) void vscode.window.showInformationMessage(`Inputs: ${text}`);
  else void vscode.window.showWarningMessage(problemText(inputs.problem));
}
