/** Every model that is open: its sessions, its panels, and which one a person means. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Recipe } from '../core/dataset/recipe.js';
import type { Selection } from '../protocol/selection.js';
import type { Answers } from '../protocol/dictionary.js';
import type { OpenSizes } from '../protocol/worker-api.js';
import type { ModelPanel } from './panel.js';
import { whyNotOnDisk } from './on-disk.js';
import { startComputeWorker } from './session/compute-worker.js';
import { createSession, type Log, type ModelSession } from './session/session.js';
import { sharedResources, type Lease } from './session/shared-resources.js';
import { watchModel } from './session/watch.js';
import { readSettings, section } from './settings.js';

/** Long enough for moving a tab or closing and opening it again, short enough to give memory back. */
const graceMilliseconds = 20_000;

export interface Models extends vscode.Disposable {
  acquire(uri: vscode.Uri): Lease<ModelSession>;
  /** Keeps track of a panel until it is closed. */
  addPanel(panel: ModelPanel): void;
  /** The panel in front: the active one, else the last active one that can still be seen. */
  front(): ModelPanel | undefined;
  /** Another panel is in front now, or none. */
  readonly onDidChangeFront: vscode.Event<ModelPanel | undefined>;
  /** Ends every worker. */
  stop(): Promise<void>;
}

export function createModels(context: vscode.ExtensionContext, log: Log): Models {
  const script = context.asAbsolutePath('dist/worker.mjs');
  const cacheFolder = vscode.Uri.joinPath(context.globalStorageUri, 'cache').fsPath;
  const version = String((context.extension.packageJSON as { version: unknown }).version);
  const watchers = new Map<ModelSession, vscode.Disposable>();

  const sessions = sharedResources<ModelSession>(
    (key) => {
      const uri = vscode.Uri.parse(key, true);
      const session = createSession({
        path: uri.fsPath,
        fileName: basename(uri.path),
        version,
        log,
        memory: workspaceMemory(context.workspaceState, key),
        startWorker: (listener) => startComputeWorker(script, listener),
        settings: () => readSettings(uri, cacheFolder),
        trusted: () => vscode.workspace.isTrusted,
        refusal: whyNotOnDisk(uri),
      });
      watchers.set(session, watchModel(uri, session, log));
      return session;
    },
    async (session) => {
      watchers.get(session)?.dispose();
      watchers.delete(session);
      await session.dispose();
    },
    graceMilliseconds,
  );

  const frontChanged = new vscode.EventEmitter<ModelPanel | undefined>();
  // Last active first.
  let panels: readonly ModelPanel[] = [];
  let shownInFront: ModelPanel | undefined;
  const front = (): ModelPanel | undefined =>
    panels.find(({ panel }) => panel.active) ?? panels.find(({ panel }) => panel.visible);
  const update = (): void => {
    const now = front();
    if (now === shownInFront) return;
    shownInFront = now;
    frontChanged.fire(now);
  };

  const refreshSettings = (): void => {
    for (const session of sessions.values()) session.settingsChanged();
  };
  const subscriptions = [
    frontChanged,
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(section)) refreshSettings();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(refreshSettings),
  ];

  return {
    acquire: (uri) => sessions.acquire(uri.toString()),
    addPanel(added) {
      panels = [added, ...panels];
      added.panel.onDidChangeViewState(() => {
        if (added.panel.active) panels = [added, ...panels.filter((panel) => panel !== added)];
        update();
      });
      added.panel.onDidDispose(() => {
        panels = panels.filter((panel) => panel !== added);
        update();
      });
      update();
    },
    front,
    onDidChangeFront: frontChanged.event,
    stop: () => sessions.dispose(),
    dispose() {
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
}

/** Answers are those of a dictionary's file, wherever it is attached. */
function answersKeyOf(key: string): string {
  return `answers:${key}`;
}

/** What was said of any dictionary, by the path of its file: a folder of transcoders is looked through by the worker. */
function answersByFile(storage: vscode.Memento): Readonly<Record<string, Answers>> {
  const prefix = answersKeyOf('');
  return Object.fromEntries(
    storage.keys().flatMap((key) => {
      const answers = key.startsWith(prefix) ? storage.get<Answers>(key) : undefined;
      return answers === undefined ? [] : [[vscode.Uri.parse(key.slice(prefix.length)).fsPath, answers]];
    }),
  );
}

function workspaceMemory(storage: vscode.Memento, key: string): Parameters<typeof createSession>[0]['memory'] {
  const selectionKey = `selection:${key}`;
  const recipeKey = `inputs:${key}`;
  const answersKey = answersKeyOf(key);
  const dictionaryKey = `dictionary:${key}`;
  const transcodersKey = `transcoders:${key}`;
  const sizesKey = `sizes:${key}`;
  const write = (name: string, value: unknown): void => void storage.update(name, value);
  return {
    selection: () => storage.get<Selection>(selectionKey) ?? {},
    setSelection: (selection) => write(selectionKey, selection),
    sizes: () => storage.get<OpenSizes>(sizesKey),
    setSizes: (sizes) => write(sizesKey, sizes),
    answers: () => storage.get<Answers>(answersKey) ?? {},
    setAnswers: (answers) => write(answersKey, answers),
    dictionary() {
      const path = storage.get<string>(dictionaryKey);
      if (path === undefined) return undefined;
      return { path, answers: storage.get<Answers>(answersKeyOf(vscode.Uri.file(path).toString())) ?? {} };
    },
    setDictionary: (path) => write(dictionaryKey, path),
    transcoders() {
      const paths = storage.get<readonly string[]>(transcodersKey);
      return paths === undefined ? undefined : { paths, answers: answersByFile(storage) };
    },
    setTranscoders: (paths) => write(transcodersKey, paths),
    recipe: () => storage.get<Recipe>(recipeKey),
    setRecipe: (recipe) => write(recipeKey, recipe),
  };
}
