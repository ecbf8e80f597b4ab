/** What each pass says: answer, numbers, tables, curves, and how they are computed. */
import { base64Encode } from '@bufbuild/protobuf/wire';
import { controlMetrics, withControlSeries } from '../../core/controls/compare.js';
import type { Controls } from '../../core/controls/control.js';
import type { PassResult, ResultTable, RunResult, UnitMetric } from '../../core/passes/result.js';
import type { PassDescription } from '../../protocol/model.js';
import { headlineTable } from './controls.js';
import { html, type Markup } from './markup.js';
import { show } from './numbers.js';
import { domainOf, legend, lineChartSvg, shorten, stripPng } from './pictures.js';

/** More lines cannot be told apart in one chart. */
const LINES_SHOWN = 24;

export function passSection(
  pass: PassResult,
  descriptions: readonly PassDescription[],
  result: RunResult,
  controls: Controls,
): Markup {
  const description = descriptions.find(({ id }) => id === pass.pass);
  const metrics = pass.layerMetrics.flatMap((metric) => [metric, ...controlMetrics(pass.pass, metric, controls)]);
  const headings = metrics.map(({ label, definition }) => html`<th title="${definition}">${label}</th>`);
  const rows = result.layers.map(
    ({ value, label, units: width, unitWord, operator }) =>
      html`<tr>
        <td title="${value}">${shorten(label, 60)}</td>
        <td>${operator}</td>
        <td>${width.toLocaleString('en-US')} ${unitWord}</td>
        ${metrics.map(
          ({ values, format }) => html`<td>${values[value] === undefined ? '–' : show(values[value], format)}</td>`,
        )}
      </tr>`,
  );
  const curves = pass.curves
    .map((curve) => withControlSeries(pass.pass, curve, controls))
    .map(
      ({ title, xLabel, xFormat, xSpread, series, definition, format, spread }) =>
        html`<h3>${title}</h3>
          <p class="note">${definition}</p>
          ${series.length > LINES_SHOWN ? html`<p class="note">The first ${LINES_SHOWN} of ${series.length} lines; the JSON has all.</p>` : undefined}${lineChartSvg(
            series.slice(0, LINES_SHOWN),
            {
              xLabel,
              showX: (value) => show(value, xFormat ?? 'count'),
              showY: (value) => show(value, format),
              ...(xSpread === undefined ? {} : { xSpread }),
              ...(spread === undefined ? {} : { spread }),
            },
          )}`,
    );
  const layerTable = html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Layer</th>
          <th>Function</th>
          <th>Units</th>
          ${headings}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
  return html`<h2>${description?.title ?? pass.pass}</h2>
    <p><em>${description?.question}</em></p>
    <p><strong>${pass.answer}</strong></p>
    ${pass.incomplete === undefined ? undefined : html`<p class="note">${pass.incomplete}</p>`}
    ${headlineTable(pass, controls)}
    ${pass.layerMetrics.length === 0 ? undefined : layerTable}${pass.tables?.map(resultTable)}
    ${pass.unitMetrics.slice(0, 2).map((metric) => strips(metric, result))}${curves}
    <details>
      <summary>How this is computed</summary>
      <p>${description?.method}</p>
      <ul>
        ${[...pass.layerMetrics, ...pass.unitMetrics].map(
          ({ label, definition }) => html`<li><strong>${label}</strong>: ${definition}</li>`,
        )}
      </ul>
    </details>`;
}

/** Rows of a table that the page shows; the JSON has all. */
const TABLE_ROWS = 100;

export function fileSection(pass: PassResult, descriptions: readonly PassDescription[]): Markup {
  const description = descriptions.find(({ id }) => id === pass.pass);
  const quantities = [...(pass.nodeMetrics ?? []), ...(pass.tensorMetrics ?? [])];
  return html`<h2>${description?.title ?? pass.pass}</h2>
    <p><em>${description?.question}</em></p>
    <p><strong>${pass.answer}</strong></p>
    ${pass.tables?.map(resultTable)}
    <details>
      <summary>How this is computed</summary>
      <p>${description?.method}</p>
      <ul>
        ${quantities.map(({ label, definition }) => html`<li><strong>${label}</strong>: ${definition}</li>`)}
      </ul>
    </details>`;
}

function resultTable({ title, definition, columns, rows }: ResultTable): Markup {
  const hidden = rows.length - TABLE_ROWS;
  const cell = (value: string | number, index: number): Markup => {
    const format = columns[index]?.format;
    return format === 'text'
      ? html`<td class="text">${String(value)}</td>`
      : html`<td>${typeof value === 'string' ? value : show(value, format)}</td>`;
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

function strips(metric: UnitMetric, result: RunResult): Markup {
  const domain = domainOf(
    Object.values(metric.values).flatMap((values) => Array.from(values)),
    metric.scale,
    metric.format,
  );
  return html`<h3>${metric.label}, every unit of every layer</h3>
    <p class="note">${metric.definition}</p>
    ${legend(domain, metric.scale, metric.label, (value) => show(value, metric.format))}
    <div class="strips">
      ${result.layers.map(({ value, label, units: width, unitWord }) => {
        const values = metric.values[value];
        if (values === undefined) return undefined;
        return html`<span title="${value}">${shorten(label, 40)}</span
          ><img
            alt="${metric.label} of ${label}"
            src="data:image/png;base64,${base64Encode(stripPng(values, domain, metric.scale))}"
          /><span>${width} ${unitWord}</span>`;
      })}
    </div>`;
}
