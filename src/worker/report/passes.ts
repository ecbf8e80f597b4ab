/** What each pass says: answer, numbers, tables, pictures, curves, and how they are computed. */
import { controlMetrics, withControlSeries } from '../../core/controls/compare.js';
import type { Controls } from '../../core/controls/control.js';
import type { LayerMetric, PassResult, ResultTable } from '../../core/passes/result.js';
import { shadesOf } from '../../core/passes/shades.js';
import type { PassDescription } from '../../protocol/model.js';
import { headlineTable } from './controls.js';
import type { ReportLayer } from './layers.js';
import { html, type Markup } from './markup.js';
import { show } from './numbers.js';
import { lineChartSvg } from './line-chart.js';
import { shorten } from './pictures.js';
import { silenceMaps } from './silence-maps.js';
import { unitStrips } from './unit-strips.js';

/** More lines cannot be told apart in one chart. */
const LINES_SHOWN = 24;
/** Rows of a table that the page shows; the JSON has all. */
const TABLE_ROWS = 100;

/** The same for passes over inputs, over the file, and for experiments. */
export function passSection(
  pass: PassResult,
  descriptions: readonly PassDescription[],
  layers: readonly ReportLayer[],
  controls: Controls,
): Markup {
  const description = descriptions.find(({ id }) => id === pass.pass);
  const metrics = pass.layerMetrics.flatMap((metric) => [metric, ...controlMetrics(pass.pass, metric, controls)]);
  const defined = [
    ...pass.layerMetrics,
    ...pass.unitMetrics,
    ...(pass.nodeMetrics ?? []),
    ...(pass.tensorMetrics ?? []),
  ];
  return html`<h2>${description?.title ?? pass.pass}</h2>
    <p><em>${description?.question}</em></p>
    <p><strong>${pass.answer}</strong></p>
    ${pass.incomplete === undefined ? undefined : html`<p class="note">${pass.incomplete}</p>`}
    ${headlineTable(pass, controls)} ${layerTable(metrics, layers)}${pass.tables?.map(resultTable)}
    ${silenceMaps(pass.positionMaps, layers)}${unitStrips(pass.unitMetrics, layers)}${curves(pass, controls)}
    <details>
      <summary>How this is computed</summary>
      <p class="method">${description?.method}</p>
      <ul>
        ${defined.map(({ label, definition }) => html`<li><strong>${label}</strong>: ${definition}</li>`)}
      </ul>
    </details>`;
}

function curves(pass: PassResult, controls: Controls): readonly Markup[] {
  return pass.curves
    .map((curve) => withControlSeries(pass.pass, curve, controls))
    .map(
      ({ title, xLabel, xFormat, xSpread, yLabel, series, definition, format, spread }) =>
        html`<h3>${title}</h3>
          <p class="note">${definition}</p>
          ${series.length > LINES_SHOWN ? html`<p class="note">The first ${LINES_SHOWN} of ${series.length} lines; the JSON has all.</p>` : undefined}${lineChartSvg(
            series.slice(0, LINES_SHOWN),
            {
              xLabel,
              yLabel,
              showX: (value) => show(value, xFormat ?? 'count'),
              showY: (value) => show(value, format),
              ...(xSpread === undefined ? {} : { xSpread }),
              ...(spread === undefined ? {} : { spread }),
            },
          )}`,
    );
}

/** Layers of which nothing was measured are left out. */
function layerTable(metrics: readonly LayerMetric[], layers: readonly ReportLayer[]): Markup | undefined {
  const measured = layers.filter(({ value }) => metrics.some(({ values }) => values[value] !== undefined));
  if (measured.length === 0) return undefined;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Layer</th>
          <th>Function</th>
          <th>Units</th>
          ${metrics.map(({ label, definition }) => html`<th title="${definition}">${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${measured.map(
          ({ value, label, operator, units, unitWord }) =>
            html`<tr>
              <td title="${value}">${shorten(label, 60)}</td>
              <td>${operator}</td>
              <td>${units === undefined ? '–' : `${units.toLocaleString('en-US')} ${unitWord}`}</td>
              ${metrics.map(({ values, format }) => html`<td>${values[value] === undefined ? '–' : show(values[value], format)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function resultTable(table: ResultTable): Markup {
  const { title, definition, columns, rows } = table;
  const shadeOf = shadesOf(table, false);
  const hidden = rows.length - TABLE_ROWS;
  const cell = (value: string | number, index: number): Markup => {
    const { format = 'text', shaded } = columns[index] ?? {};
    if (format === 'text') return html`<td class="text">${String(value)}</td>`;
    if (typeof value === 'string') return html`<td>${value}</td>`;
    const shade = shaded === true ? shadeOf(value) : undefined;
    return shade === undefined
      ? html`<td>${show(value, format)}</td>`
      : html`<td style="background:${shade.background};color:${shade.ink}">${show(value, format)}</td>`;
  };
  return html`<h3>${title}</h3>
    <p class="note">${definition}</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map(({ label, format }) => (format === 'text' ? html`<th class="text">${label}</th>` : html`<th>${label}</th>`))}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, TABLE_ROWS).map(
            ({ cells }) =>
              html`<tr>
                ${cells.map(cell)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${hidden > 0 ? html`<p class="note">${hidden} more rows stand in the JSON.</p>` : undefined}`;
}
