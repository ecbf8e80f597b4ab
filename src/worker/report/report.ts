/** The report: one HTML page that loads nothing, and the same numbers as JSON. */
import { controlMetrics, controlsThatGive, givenByControls, withControlSeries } from '../../core/controls/compare.js';
import type { Controls } from '../../core/controls/control.js';
import type { ExamplePreview } from '../../core/dataset/dataset.js';
import type {
  FileResult,
  Finding,
  PassResult,
  Quantity,
  ResultTable,
  RunResult,
  UnitMetric,
} from '../../core/passes/result.js';
import { sortFindings } from '../../core/passes/sort-findings.js';
import type { Problem } from '../../core/errors.js';
import { base64Encode } from '@bufbuild/protobuf/wire';
import type { InputsDescription, UnitDetail } from '../../protocol/inspection.js';
import { dictionaryText } from '../../core/formats/dictionary-signature.js';
import type { GraphPicture, ModelOverview, PassDescription } from '../../protocol/model.js';
import { controlsNote, headlineTable } from './controls.js';
import { html, type Markup } from './markup.js';
import { domainOf, graphSvg, histogramSvg, legend, lineChartSvg, shorten, stripPng } from './pictures.js';
import { STYLE } from './style.js';

/** A unit that the report shows in full: its statistics, its histogram, the inputs that excite it most. */
export interface ReportUnit {
  readonly title: string;
  readonly detail: UnitDetail;
  readonly examples: readonly { readonly preview: ExamplePreview; readonly value: number }[];
}

export interface ReportContents {
  readonly overview: ModelOverview;
  /** Absent, as is the graph, where the file holds weights only. */
  readonly inputs?: InputsDescription;
  readonly passes: readonly PassDescription[];
  readonly graph?: GraphPicture;
  readonly result?: RunResult;
  readonly controls: Controls;
  readonly fileResult?: FileResult;
  readonly units: readonly ReportUnit[];
}

const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
const percentage = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });

export function show(value: number, format: Quantity['format'] = 'number'): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : String(value);
  if (format === 'count' || format === 'bytes') return Math.round(value).toLocaleString('en-US');
  return format === 'share' ? percentage.format(value) : number.format(value);
}

export function reportHtml(contents: ReportContents): string {
  const { overview, result, fileResult } = contents;
  const passes = [...(result?.passes ?? []), ...(fileResult?.passes ?? [])];
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${overview.fileName} – Model Inspector</title>
        <style>
          ${{ markup: STYLE }}
        </style>
      </head>
      <body>
        <main>
          <h1>${overview.fileName}</h1>
          ${overview.network === undefined ? undefined : runLine(result)}${facts(overview)}${inputs(contents.inputs)}
          ${problems('What could not be read', overview.unread)}
          ${problems('What cannot run here', overview.network?.cannotRun ?? [])}
          ${passes.length === 0 ? undefined : findings(passes, contents.controls)}
          ${result === undefined ? undefined : controlsNote(contents.controls)}${graph(contents)}
          ${result?.passes.map((pass) => passSection(pass, contents.passes, result, contents.controls))}${units(contents.units)}
          ${fileResult?.passes.map((pass) => fileSection(pass, contents.passes))}
          <footer>Made by Model Inspector. Every number comes with its definition; nothing left the machine.</footer>
        </main>
      </body>
    </html>`;
  return page.markup;
}

function runLine(result: RunResult | undefined): Markup {
  if (result === undefined) return html`<p class="note">Nothing was run: this report shows structure only.</p>`;
  const partial =
    result.inputsSeen < result.inputsPlanned
      ? html` <span class="badge">${result.inputsSeen} of ${result.inputsPlanned} inputs</span>`
      : undefined;
  const synthetic = result.synthetic ? html` <span class="badge">random inputs</span>` : undefined;
  const skipped =
    result.skipped.length === 0
      ? undefined
      : html`<details>
          <summary>${result.skipped.length} inputs could not be read</summary>
          <ul>
            ${result.skipped.map(({ name, reason }) => html`<li>${name}: ${reason}</li>`)}
          </ul>
        </details>`;
  return html`<p class="note">
      ${result.data} · ${result.inputsSeen} inputs seen · ${result.engine} · ${number.format(result.seconds)} s ·
      ${result.finished}${partial}${synthetic}
    </p>
    ${skipped}`;
}

function facts(overview: ModelOverview): Markup {
  const value = (entry: { name: string; type: string; shape: readonly (number | string)[] | undefined }): string =>
    `${entry.name}: ${entry.type} [${entry.shape?.join(' × ') ?? 'unknown rank'}]`;
  const { network } = overview;
  const rows: [string, string][] = [
    ['Format', overview.formatName],
    ['Parameters', overview.parameters.toLocaleString('en-US')],
    ['Tensors', overview.tensors.toLocaleString('en-US')],
    ['Size on disk', `${(overview.fileBytes + overview.externalBytes).toLocaleString('en-US')} bytes`],
  ];
  if (overview.dictionary !== undefined) rows.push(['Dictionary', dictionaryText(overview.dictionary)]);
  if (network !== undefined) {
    const { operators, opsets, producer } = network;
    rows.push(
      ['Inputs', network.inputs.map(value).join(', ')],
      ['Outputs', network.outputs.map(value).join(', ')],
      ['Nodes', network.nodes.toLocaleString('en-US')],
      [
        'Operators',
        operators
          .slice(0, 8)
          .map(({ operator, count }) => `${operator} × ${count}`)
          .join(', '),
      ],
      ['Operator set', opsets.map(({ domain, version }) => `${domain === '' ? 'ONNX' : domain} ${version}`).join(', ')],
      ['Producer', producer === '' ? 'not stated' : producer],
    );
  }
  return html`<dl class="facts">
    ${rows.map(
      ([name, text]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${text}</dd>
        </div>`,
    )}
  </dl>`;
}

function inputs(description: InputsDescription | undefined): Markup | undefined {
  if (description === undefined) return undefined;
  return html`<h3>
      How the inputs were made
      (${description.origin === 'guessed' ? 'guessed from the model' : description.origin === 'file' ? 'from the recipe file' : 'chosen'})
    </h3>
    <ul>
      ${description.lines.map(({ text, synthetic }) => html`<li>${text}${synthetic ? html` <span class="badge">random</span>` : undefined}</li>`)}
    </ul>`;
}

function problems(title: string, found: readonly Problem[]): Markup | undefined {
  if (found.length === 0) return undefined;
  return html`<h2>${title}</h2>
    <ul class="findings">
      ${found.map(
        ({ message, place, remedy }) =>
          html`<li class="error">
            ${message}${place === undefined ? undefined : html` <span class="note">${place}</span>`}${remedy === undefined ? undefined : html`<p>${remedy}</p>`}
          </li>`,
      )}
    </ul>`;
}

/** More lines cannot be told apart in one chart. */
const LINES_SHOWN = 24;

const SEVERITY_WORDS: Readonly<Record<Finding['severity'], string>> = {
  error: 'Problem',
  warning: 'Warning',
  information: 'Note',
};

function findings(passes: readonly PassResult[], controls: Controls): Markup {
  const all = sortFindings(passes);
  if (all.length === 0)
    return html`<h2>Findings</h2>
      <p>Nothing stood out.</p>`;
  return html`<h2>Findings</h2>
    <ul class="findings">
      ${all.map(({ pass, ...finding }) => {
        const { severity, sentence, advice } = finding;
        const given = givenByControls(controlsThatGive(pass, finding, controls));
        return html`<li class="${severity}">
          <b>${SEVERITY_WORDS[severity]}</b
          >${sentence}${given === '' ? undefined : html` <em>${given}</em>`}${advice === undefined ? undefined : html`<p>${advice}</p>`}
        </li>`;
      })}
    </ul>`;
}

function graph({ graph: picture, result }: ReportContents): Markup | undefined {
  if (picture === undefined) return undefined;
  const metric = result?.passes.flatMap(({ layerMetrics }) => layerMetrics)[0];
  const domain =
    metric === undefined ? ([0, 1] as const) : domainOf(Object.values(metric.values), metric.scale, metric.format);
  const text = (value: number): string => show(value, metric?.format);
  return html`<h2>Graph</h2>
    <p class="note">
      Collapsed by
      module${metric === undefined ? '' : `, coloured by ${metric.label.toLowerCase()}: ${metric.definition}`}
    </p>
    ${metric === undefined ? undefined : legend(domain, metric.scale, metric.label, text)}
    <div class="scroll">${graphSvg(picture, metric?.values ?? {}, domain, metric?.scale ?? 'sequential', text)}</div>`;
}

function passSection(
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
      ({ title, xLabel, series, definition, format, spread }) =>
        html`<h3>${title}</h3>
          <p class="note">${definition}</p>
          ${series.length > LINES_SHOWN ? html`<p class="note">The first ${LINES_SHOWN} of ${series.length} lines; the JSON has all.</p>` : undefined}${lineChartSvg(series.slice(0, LINES_SHOWN), xLabel, (value) => show(value, format), spread)}`,
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

function fileSection(pass: PassResult, descriptions: readonly PassDescription[]): Markup {
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
    return html`<td>${typeof value === 'string' || format === 'text' ? String(value) : show(value, format)}</td>`;
  };
  return html`<h3>${title}</h3>
    <p class="note">${definition}</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            ${columns.map(({ label }) => html`<th>${label}</th>`)}
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

function units(shown: readonly ReportUnit[]): Markup | undefined {
  if (shown.length === 0) return undefined;
  return html`<h2>Units in close-up</h2>
    <p class="note">The most active unit of each layer, with the inputs that excite it most.</p>
    <div class="units">
      ${shown.map(
        ({ title, detail, examples }) =>
          html`<div class="unit">
            <h4>${title}</h4>
            ${detail.histogram === undefined ? undefined : histogramWithWords(detail)}
            <div class="examples">${examples.map(({ preview, value }) => example(preview, value))}</div>
          </div>`,
      )}
    </div>`;
}

function histogramWithWords({ histogram }: UnitDetail): Markup | undefined {
  if (histogram === undefined) return undefined;
  const sampled =
    histogram.counted < histogram.total ? `, a regular grid of ${histogram.total.toLocaleString('en-US')}` : '';
  return html`${histogramSvg(histogram, (value) => show(value))}
    <p class="note">
      ${histogram.counted.toLocaleString('en-US')} values${sampled};
      ${percentage.format(histogram.zeros / Math.max(1, histogram.counted))} exactly zero.
    </p>`;
}

function example(preview: ExamplePreview, value: number): Markup {
  const caption = `${preview.label === undefined ? preview.name : preview.label}: ${show(value)}`;
  switch (preview.kind) {
    case 'image':
      return html`<figure>
        <img alt="${preview.name}" src="data:${preview.mime};base64,${base64Encode(preview.bytes)}" />
        <figcaption title="${preview.name}">${caption}</figcaption>
      </figure>`;
    case 'tokens':
      return html`<p class="tokens" title="${preview.name}">
        ${preview.tokens.slice(0, 40).join('')} <span class="note">${show(value)}</span>
      </p>`;
    case 'array':
      return html`<p class="note">${preview.name} [${preview.dims.join(' × ')}]: ${show(value)}</p>`;
  }
}

/** The same numbers without the per-unit arrays of examples; typed arrays become plain lists. */
export function reportJson({ overview, inputs: description, result, controls, fileResult }: ReportContents): string {
  const plain = (_key: string, value: unknown): unknown => {
    if (ArrayBuffer.isView(value))
      return Array.from(value as Float32Array, (entry) => (Number.isFinite(entry) ? entry : null));
    return value;
  };
  const passes = result?.passes.map(({ exampleMetrics: _examples, histograms: _histograms, ...rest }) => rest);
  return JSON.stringify(
    {
      model: overview,
      inputs: description,
      run: result === undefined ? undefined : { ...result, passes },
      controls,
      file: fileResult,
    },
    plain,
    2,
  );
}
