/** What controls gave, in the report. */
import { compareHeadlines, intervalText, valueText } from '../../core/controls/compare.js';
import { CONTROL_NAMES, type Controls } from '../../core/controls/control.js';
import type { PassResult } from '../../core/passes/result.js';
import { count, sentence } from '../../core/passes/words.js';
import { html, type Markup } from './markup.js';

/** The numbers that an answer rests on, a column per control. */
export function headlineTable(pass: PassResult, controls: Controls): Markup | undefined {
  const comparisons = compareHeadlines(pass, controls);
  if (comparisons.length === 0) return undefined;
  const labels = [...new Set(comparisons.flatMap((each) => each.controls.map(({ label }) => label)))];
  const rows = comparisons.map(({ headline, controls: given }) => {
    const { label, definition, format, value } = headline;
    const cells = labels.map((wanted) => {
      const control = given.find((each) => each.label === wanted);
      const text = control === undefined ? '–' : valueText(control.value, format);
      return html`<td>${text}${control?.within === true ? ' (no different: within the interval)' : ''}</td>`;
    });
    return html`<tr>
      <td title="${definition}">${label}</td>
      <td>${valueText(value, format)}${intervalText(headline)}</td>
      ${cells}
    </tr>`;
  });
  return html`<table class="headlines">
    <thead>
      <tr>
        <th></th>
        <th>This model</th>
        ${labels.map((label) => html`<th>${sentence(label)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** How the controls were made; without any, that there are none. */
export function controlsNote({ runs, notRun }: Controls): Markup {
  if (runs.length === 0 && notRun.length === 0) {
    return html`<p class="note">
      No controls were run: whether a random network would give the same numbers is not known.
    </p>`;
  }
  return html`<details>
    <summary>Controls: the same passes where weights or the order of inputs mean nothing</summary>
    <ul>
      ${runs.map(
        ({ control, description, inputsSeen }) =>
          html`<li>
            <strong>${sentence(CONTROL_NAMES[control])}</strong>, ${count(inputsSeen)} inputs: ${description}
          </li>`,
      )}
      ${notRun.map(({ control, reason }) => html`<li>${sentence(CONTROL_NAMES[control])}: not run. ${reason}</li>`)}
    </ul>
  </details>`;
}
