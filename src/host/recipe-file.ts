/** Where a model's recipe file lies: `<model>.inspect.json` beside it. */
import type * as vscode from 'vscode';
import { recipePathFor } from '../core/dataset/recipe-path.js';

export function recipeUri(model: vscode.Uri): vscode.Uri {
  return model.with({ path: recipePathFor(model.path) });
}
