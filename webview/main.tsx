/** The page's entry. */
import { render } from 'preact';
import { registerControls } from './controls/toolkit.js';
import { App } from './shell/app.js';
import { followCircuits } from './state/circuits.js';
import { followFeatures } from './state/features.js';
import { keepInterfaceState } from './state/interface-state.js';
import { logDefect } from './state/log.js';
import { startSession } from './state/session.js';
import { followTheme } from './theme/theme.js';
import './theme/page.css';

const ROOT_ID = 'model-inspector';

window.addEventListener('error', (event) => logDefect(event.error ?? event.message));
window.addEventListener('unhandledrejection', (event) => logDefect(event.reason));

registerControls();
followTheme();
keepInterfaceState();
followFeatures();
followCircuits();
startSession();
render(<App />, rootElement());

function rootElement(): HTMLElement {
  const existing = document.getElementById(ROOT_ID);
  if (existing !== null) return existing;
  const made = document.createElement('div');
  made.id = ROOT_ID;
  document.body.append(made);
  return made;
}
