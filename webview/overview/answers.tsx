/** The answer of each pass in one sentence: also said when there is nothing to warn about. */
import type { JSX } from 'preact';
import { ui } from '../state/interface-state.js';
import { passResults, passTitle } from '../state/metrics.js';

export function Answers(): JSX.Element | null {
  const passes = passResults.value;
  if (passes.length === 0) return null;
  return (
    <section class="card" aria-labelledby="answers-title">
      <h2 id="answers-title">In short</h2>
      <ul class="answers">
        {passes.map(({ pass, answer }) => (
          <li key={pass}>
            <button
              type="button"
              class="text-button"
              onClick={() => {
                ui.pass.value = pass;
                ui.tab.value = 'passes';
              }}
            >
              {passTitle(pass)}
            </button>
            <div>{answer}</div>
          </li>
        ))}
      </ul>
    </section>
  );
}
