/** The report: one HTML page that loads nothing, and the same numbers as JSON. */
import { controlsThatGive, givenByControls } from '../../core/controls/compare.js';
import type { Controls } from '../../core/controls/control.js';
import type { FileResult, Finding, PassResult, RunResult } from '../../core/passes/result.js';
import { sortFindings } from '../../core/passes/sort-findings.js';
import type { Problem } from '../../core/errors.js';
import { toldLines } from '../../core/dataset/told-lines.js';
import type { InputsDescription } from '../../protocol/inspection.js';
import type { PruningReport } from '../../protocol/pruning.js';
import { dictionaryText } from '../../core/formats/dictionary-signature.js';
import type { GraphPicture, ModelOverview, PassDescription } from '../../protocol/model.js';
import { controlsNote } from './controls.js';
import type { ReportLayer } from './layers.js';
import { html, type Markup } from './markup.js';
import { number, show } from './numbers.js';
import { passSection } from './passes.js';
import { domainOf, graphSvg, legend } from './pictures.js';
import { pruningSection } from './pruning.js';
import { STYLE } from './style.js';
import { unitsSection, type ReportUnit } from './units.js';

export interface ReportContents {
  readonly overview: ModelOverview;
  /** Absent, as is the graph, where the file holds weights only. */
  readonly inputs?: InputsDescription;
  readonly passes: readonly PassDescription[];
  readonly graph?: GraphPicture;
  readonly layers: readonly ReportLayer[];
  readonly result?: RunResult;
  readonly controls: Controls;
  readonly fileResult?: FileResult;
  readonly pruning?: PruningReport;
  readonly units: readonly ReportUnit[];
}

export function reportHtml(contents: ReportContents): string {
  const { overview, result, fileResult } = contents;
  const passes = [...(result?.passes ?? []), ...(fileResult?.passes ?? [])];
  const section = (pass: PassResult): Markup => passSection(pass, contents.passes, contents.layers, contents.controls);
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
          ${result?.passes.map(section)}${unitsSection(contents.units)} ${fileResult?.passes.map(section)}
          ${pruningSection(contents.pruning)}
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
  const single = result.inputsSeen === 1 ? html` <span class="badge">one input only</span>` : undefined;
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
      ${result.finished}${partial}${single}${synthetic}
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
      ${description.notes.map((note) => html`<li>${note}</li>`)}
      ${toldLines(description.lines).map(({ text, synthetic }) => html`<li>${text}${synthetic ? html` <span class="badge">random</span>` : undefined}</li>`)}
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

/** The same numbers without the per-unit arrays of examples; typed arrays become plain lists. */
export function reportJson({
  overview,
  inputs: description,
  result,
  controls,
  fileResult,
  pruning,
}: ReportContents): string {
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
      pruning,
    },
    plain,
    2,
  );
}
