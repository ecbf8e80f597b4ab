/** Stands in for VS Code around the page: its API, its theme variables, and a host that answers from a fake network. */
import { connect, serve, type Channel, type RpcMessage } from '../../../src/protocol/rpc.js';
import type { HostApi, PageApi } from '../../../src/protocol/page-api.js';
import { untilCancelled } from './features.js';
import { fakeHost } from './host.js';
import { rowsUnderWay, slow } from './linear.js';
import {
  branchingNetwork,
  hostileNetwork,
  hugeNetwork,
  imageNetwork,
  textNetwork,
  type FakeNetwork,
} from './network.js';
import { resultOf } from './result.js';
import type { ModelName, Scenario } from './scenarios.js';
import { applyTheme, type ThemeName } from './themes.js';

export interface FakeVsCode {
  readonly calls: { readonly method: string; readonly argument: unknown }[];
  readonly violations: string[];
  /** Methods whose calls the page cancelled. */
  readonly cancelled: string[];
  readonly untilCancelled: typeof untilCancelled;
  readonly rowsUnderWay: typeof rowsUnderWay;
  /** Makes reading a linear system take longer. */
  readonly slow: typeof slow;
  readonly page: PageApi;
  readonly network: FakeNetwork;
  readonly resultOf: typeof resultOf;
  applyTheme(name: ThemeName): void;
}

declare global {
  interface Window {
    fake: FakeVsCode;
    acquireVsCodeApi(): { postMessage(message: unknown): void; getState(): unknown; setState(state: unknown): void };
  }
}

const STATE_KEY = 'webview-state';
const parameters = new URLSearchParams(location.search);
const scenario = (parameters.get('scenario') ?? 'done') as Scenario;
const networks: Readonly<Record<ModelName, () => FakeNetwork>> = {
  images: () => imageNetwork(),
  text: () => textNetwork(),
  huge: hugeNetwork,
  hostile: hostileNetwork,
  branching: branchingNetwork,
};
const network = networks[(parameters.get('model') ?? 'images') as ModelName]();

const methods = new Map<number, string>();
const fromPage = new Set<(message: RpcMessage) => void>();
const channel: Channel = {
  // Real messages are cloned and arrive later; so are these.
  send: (message) => {
    const data: unknown = structuredClone(message);
    setTimeout(() => window.dispatchEvent(new MessageEvent('message', { data })));
  },
  listen(handler) {
    fromPage.add(handler);
    return () => fromPage.delete(handler);
  },
};

window.acquireVsCodeApi = () => ({
  postMessage(message) {
    const data = structuredClone(message) as RpcMessage;
    if (data.type === 'call') {
      window.fake.calls.push({ method: data.method, argument: data.argument });
      methods.set(data.id, data.method);
    }
    if (data.type === 'cancel') window.fake.cancelled.push(methods.get(data.id) ?? '');
    setTimeout(() => fromPage.forEach((handler) => handler(data)));
  },
  getState: () => JSON.parse(sessionStorage.getItem(STATE_KEY) ?? 'null') as unknown,
  setState: (state) => sessionStorage.setItem(STATE_KEY, JSON.stringify(state)),
});

const page = connect<PageApi>(channel).api;
window.fake = {
  calls: [],
  violations: [],
  cancelled: [],
  untilCancelled,
  rowsUnderWay,
  slow,
  page,
  network,
  resultOf,
  applyTheme,
};
document.addEventListener('securitypolicyviolation', (event) => {
  window.fake.violations.push(
    `${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile ?? ''}:${event.lineNumber}`,
  );
});
applyTheme((parameters.get('theme') ?? 'dark') as ThemeName);
serve<HostApi>(
  channel,
  fakeHost(network, scenario, () => page),
  (error) => console.error(error),
);
