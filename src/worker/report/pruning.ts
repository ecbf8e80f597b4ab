/** What could be removed of the network, for which inputs that is proven, and the smaller file where one was written. */
import { bytesText, compact, count, percent } from '../../core/passes/words.js';
import { keptText, SOURCE_NAMES } from '../../core/pruning/words.js';
import type { Footprint, PrunedFile, PruningPreview, PruningReport, Savings } from '../../protocol/pruning.js';
import { html, type Markup } from './markup.js';

export function pruningSection(pruning: PruningReport | undefined): Markup | undefined {
  if (pruning === undefined) return undefined;
  const { found, written } = pruning;
  return html`<h2>What removing units would save</h2>
    ${'message' in found ? html`<p>${found.message} ${found.remedy}</p>` : preview(found)}
    ${written === undefined ? undefined : writtenFile(written)}`;
}

function preview({ sources, sentence, proven, check, kept, savings, units, layers }: PruningPreview): Markup {
  return html`<p><strong>${sentence}</strong></p>
    <p>${proven}</p>
    ${units === 0 ? undefined : savingsTable(savings)}
    <h3>What is known of which units</h3>
    <ul>
      ${sources.map(({ source, units: named, text }) => html`<li>${SOURCE_NAMES[source]}: ${count(named)} (${text})</li>`)}
    </ul>
    ${layers.length === 0 ? undefined : html`<h3>Where they would leave</h3>`}
    <ul>
      ${layers.map(({ label, removed, units: all }) => html`<li>${label}: ${count(removed)} of ${count(all)}</li>`)}
      ${kept.map((each) => html`<li>${keptText(each)}</li>`)}
    </ul>
    <p class="note">${check}</p>`;
}

const ROWS: readonly (readonly [label: string, of: keyof Footprint, text: (value: number) => string])[] = [
  ['Parameters', 'parameters', count],
  ['Bytes of weights', 'weightBytes', bytesText],
  ['Operations (FLOPs) per forward', 'operations', compact],
  ['Activations of a forward, all', 'activationBytes', bytesText],
  ['Activations, most at once', 'peakBytes', bytesText],
];

function savingsTable({ before, after }: Savings): Markup {
  const saved = (of: keyof Footprint): string => percent(before[of] === 0 ? 0 : 1 - after[of] / before[of]);
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>For one input</th>
          <th>Now</th>
          <th>Without them</th>
          <th>Saved</th>
        </tr>
      </thead>
      <tbody>
        ${ROWS.map(
          ([label, of, text]) =>
            html`<tr>
              <td>${label}</td>
              <td>${text(before[of])}</td>
              <td>${text(after[of])}</td>
              <td>${saved(of)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function writtenFile({ path, bytes, externalName, preview: of, proof }: PrunedFile): Markup {
  const beside = externalName === undefined ? '' : `, its weights in ${externalName}`;
  const without = proof.withoutData === undefined ? '' : ` The inputs of the model were not run: ${proof.withoutData}`;
  return html`<h3>A smaller model was written: ${path} (${bytesText(bytes)}${beside})</h3>
    <p>${of.sentence} ${of.proven}</p>
    <p>${proof.sentence}${without}</p>`;
}
