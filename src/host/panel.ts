/** One webview panel: the page on one side, the model's session on the other. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { problem, type Problem } from '../core/errors.js';
import type { HostApi, PageApi } from '../protocol/page-api.js';
import { QUESTIONS, type Question } from '../protocol/questions.js';
import { connect, serve, type Channel, type Client, type OnProgress, type RpcMessage } from '../protocol/rpc.js';
import { openEditor } from './editor.js';
import { exportFeatures, readFeatureList } from './feature-lists.js';
import { pageHtml } from './page-html.js';
import { savePicked, saveTensor } from './save-picked.js';
import type { Audience, Log, ModelSession, Run } from './session/session.js';
import type { Lease } from './session/shared-resources.js';

export interface ModelPanel extends vscode.Disposable {
  readonly uri: vscode.Uri;
  readonly session: ModelSession;
  readonly panel: vscode.WebviewPanel;
  /** The page, once it has asked for its state. @throws ProblemError when it does not. */
  shownPage(): Promise<PageApi>;
}

/** Commands that the page may run; everything else it asks for is refused. */
const commandPrefix = 'modelInspector.';
/** A page that was opened for a command has this long to ask for its state. */
const showMilliseconds = 15_000;

export function connectPanel(
  panel: vscode.WebviewPanel,
  uri: vscode.Uri,
  session: ModelSession,
  extensionUri: vscode.Uri,
  hold: () => Lease<ModelSession>,
  log: Log,
): ModelPanel {
  const { webview } = panel;
  const pageFolder = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  webview.options = { enableScripts: true, localResourceRoots: [pageFolder] };

  const channel = webviewChannel(panel);
  // Connected from the page's `ready` until it is hidden: VS Code drops what is sent to a hidden page.
  let page: Client<PageApi> | undefined;
  const connected = new Set<() => void>();
  const disconnect = (): void => {
    page?.close({ kind: 'internal', message: 'The page was hidden.' });
    page = undefined;
  };

  /** Why a run failed that ended while no page was there to be told. */
  let untold: Problem | undefined;
  const audience: Audience = {
    tell(event, argument) {
      if (page === undefined && (event === 'resultChanged' || event === 'stateChanged')) {
        untold = 'problem' in argument && event === 'resultChanged' ? argument.problem : undefined;
      }
      const told = page?.api[event] as ((argument: unknown) => Promise<void>) | undefined;
      const current = page;
      told?.(argument).catch((error: unknown) => {
        if (page === current) log.warn(`${session.fileName}: the page did not take ${event}: ${String(error)}`);
      });
    },
  };

  /** A run goes on when its editor is closed: the result is kept for the next time. */
  const keepOpen = ({ end }: Run): void => {
    const lease = hold();
    void end.finally(() => lease.release());
  };

  const host: HostApi = {
    async ready() {
      disconnect();
      page = connect<PageApi>(channel);
      const state = await session.open();
      for (const resolve of connected) resolve();
      connected.clear();
      // It may have been told while the page was hidden.
      const change = session.changeOnDisk();
      if (change !== undefined) audience.tell('fileChanged', change);
      if (untold !== undefined && session.running() === undefined) audience.tell('resultChanged', { problem: untold });
      untold = undefined;
      return state;
    },
    run: async ({ passes }) => keepOpen(await session.run(passes)),
    compare: async ({ seed, passes }) => keepOpen(await session.compare(seed, passes)),
    cancelRun: () => session.cancelRun(),
    async command({ command }) {
      if (!command.startsWith(commandPrefix)) throw problem('not-applicable', `The page may not run “${command}”.`);
      await vscode.commands.executeCommand(command, uri);
    },
    setSizes: ({ sizes }) => session.setSizes(sizes),
    coder: ({ answers }) => session.coder(answers),
    features: (request, signal, onProgress) => session.features(request, signal, onProgress),
    featureLabels: async () => (await session.worker()).labels({ dictionary: session.attached().path }),
    labelFeature: ({ feature, label }) => host.takeLabels({ labels: [{ feature, label }], named: 'set' }),
    takeLabels: async (request) =>
      (await session.worker()).writeLabels({ ...request, dictionary: session.attached().path }),
    readFeatureList: ({ text }, signal) => readFeatureList(session, text, signal),
    exportFeatures: (request) => exportFeatures(uri, session, request),
    select: async (selection) => session.select(selection, audience),
    copyText: async ({ text }) => vscode.env.clipboard.writeText(text),
    save: (request) => savePicked(uri, request.suggestedName, request.bytes),
    saveTensor: (request) => saveTensor(uri, session, request),
    async openPruned() {
      const written = await (await session.worker()).prunedFile({});
      if (written !== undefined) await openEditor(vscode.Uri.file(written.path));
    },
    reload: () => session.reload(),
    log: async ({ level, text }) => log[level === 'warning' ? 'warn' : level](`page: ${text}`),
    ...passedOn(session),
  };

  const stopServing = serve(channel, host, (error) =>
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  const leave = session.join(audience);
  const visibility = panel.onDidChangeViewState(() => {
    if (!panel.visible) disconnect();
  });

  webview.html = pageHtml({
    cspSource: webview.cspSource,
    nonce: randomBytes(16).toString('base64'),
    script: webview.asWebviewUri(vscode.Uri.joinPath(pageFolder, 'page.js')).toString(),
    stylesheet: webview.asWebviewUri(vscode.Uri.joinPath(pageFolder, 'page.css')).toString(),
    title: session.fileName,
  });

  return {
    uri,
    session,
    panel,
    async shownPage() {
      if (page === undefined) {
        await Promise.race([
          new Promise<void>((resolve) => connected.add(resolve)),
          new Promise((resolve) => setTimeout(resolve, showMilliseconds)),
        ]);
      }
      if (page === undefined) throw problem('not-applicable', `The page of ${session.fileName} is not shown.`);
      return page.api;
    },
    dispose() {
      leave();
      stopServing();
      disconnect();
      visibility.dispose();
    },
  };
}

/** The page's questions to the worker, with their cancellation and progress. */
function passedOn(session: ModelSession): Pick<HostApi, Question> {
  const ask =
    (question: Question) =>
    async (request: unknown, signal?: AbortSignal, onProgress?: OnProgress): Promise<unknown> => {
      const worker = await session.worker();
      return (worker[question] as AnyQuestion)(request, signal, onProgress);
    };
  return Object.fromEntries(QUESTIONS.map((question) => [question, ask(question)])) as unknown as Pick<
    HostApi,
    Question
  >;
}

type AnyQuestion = (request: unknown, signal?: AbortSignal, onProgress?: OnProgress) => Promise<unknown>;

function webviewChannel(panel: vscode.WebviewPanel): Channel {
  const { webview } = panel;
  let closed = false;
  panel.onDidDispose(() => (closed = true));
  return {
    // An answer may come when its editor is gone; sending it would throw.
    send(message) {
      if (!closed) void webview.postMessage(message);
    },
    listen(handler) {
      const subscription = webview.onDidReceiveMessage((message: unknown) => {
        if (isRpcMessage(message)) handler(message);
      });
      return () => subscription.dispose();
    },
  };
}

function isRpcMessage(message: unknown): message is RpcMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { type, id } = message as { type?: unknown; id?: unknown };
  return typeof type === 'string' && typeof id === 'number';
}
