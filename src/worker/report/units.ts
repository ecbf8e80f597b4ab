/** Units in close-up. */
import { base64Encode } from '@bufbuild/protobuf/wire';
import type { ExamplePreview } from '../../core/dataset/dataset.js';
import type { UnitDetail } from '../../protocol/inspection.js';
import { html, type Markup } from './markup.js';
import { percentage, show } from './numbers.js';
import { histogramSvg } from './pictures.js';

/** A unit that the report shows in full: its statistics, its histogram, the inputs that excite it most. */
export interface ReportUnit {
  readonly title: string;
  readonly detail: UnitDetail;
  readonly examples: readonly { readonly preview: ExamplePreview; readonly value: number }[];
}

export function unitsSection(shown: readonly ReportUnit[]): Markup | undefined {
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
