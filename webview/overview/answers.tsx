/** The answer of each pass in one sentence: also said when there is nothing to warn about. */
import type { JSX } from 'preact';
import { compareHeadlines, comparisonText } from '../../src/core/controls/compare.js';
import { Sentence } from '../controls/sentence.js';
import { ui } from '../state/interface-state.js';
import { controls, passResults, passTitle } from '../state/metrics.js';
import { CompareControls } from '../views/pass-controls.js';

export function Answers(): JSX.Element | null {
  const passes = passResults.value;
  if (passes.length === 0) return null;
  return (
    <section class="card" aria-labelledby="answers-title">
      <h2 id="answers-title">In short</h2>
      <ul class="answers">
        {passes.map(({ pass, answer, headlines }) => (
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
            <div>
              <Sentence>{answer}</Sentence>
            </div>
            {compareHeadlines({ pass, headlines }, controls.value)
              .filter((comparison) => comparison.controls.length > 0)
              .map((comparison) => (
                <div key={comparison.headline.id} class="muted note">
                  {comparisonText(comparison)}
                </div>
              ))}
          </li>
        ))}
      </ul>
      <CompareControls />
    </section>
  );
}
