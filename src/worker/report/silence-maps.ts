/** Where in the picture layers and their channels are silent. */
import { base64Encode } from '@bufbuild/protobuf/wire';
import type { PositionMaps } from '../../core/passes/result.js';
import { count } from '../../core/passes/words.js';
import type { ReportLayer } from './layers.js';
import { html, type Markup } from './markup.js';
import { percentage } from './numbers.js';
import { cellsPng, legend, shorten } from './pictures.js';

/** Cells along a side of a layer's map: places of larger ones are put together. */
const LARGEST_SIDE = 64;
const MOST_MAPS = 100;
/** Sheets of channels hold so many cells together; the first layers come first. */
const MOST_SHEET_CELLS = 2 ** 20;
const CHANNELS_PER_ROW = 16;
const MAP_WIDTH_PX = 128;
const SHEET_WIDTH_PX = 640;
const SHARES = [0, 1] as const;

interface Cells {
  readonly width: number;
  readonly height: number;
  /** Row-major [height, width]; NaN where there is nothing. */
  readonly values: Float32Array;
}

export function silenceMaps(
  maps: Readonly<Record<string, PositionMaps>> | undefined,
  layers: readonly ReportLayer[],
): Markup | undefined {
  const mapped = layers.flatMap((layer) => {
    const own = maps?.[layer.value];
    return own === undefined ? [] : [{ layer, maps: own }];
  });
  if (mapped.length === 0) return undefined;
  const shown = mapped.slice(0, MOST_MAPS);
  return html`<h3>Where layers are silent</h3>
    <p class="note">
      Each cell is a place of a feature map: the share of channels × inputs that are exactly 0 there. Places are put
      together where a map is larger than ${LARGEST_SIDE} ×
      ${LARGEST_SIDE}.${mapped.length > MOST_MAPS ? ` The first ${MOST_MAPS} of ${count(mapped.length)} layers; the JSON has all.` : ''}
    </p>
    ${legend(SHARES, 'sequential', 'Silent', (value) => percentage.format(value))}
    <div class="maps">
      ${shown.map(
        ({ layer: { value, label }, maps: { height, width, layer } }) =>
          html`<figure>
            ${picture(smaller({ width, height, values: layer }), MAP_WIDTH_PX, `Where ${label} is silent`)}
            <figcaption title="${value}">${shorten(label, 40)}, ${height} × ${width}</figcaption>
          </figure>`,
      )}
    </div>
    ${channelSheets(shown)}`;
}

function channelSheets(
  mapped: readonly { readonly layer: ReportLayer; readonly maps: PositionMaps }[],
): Markup | undefined {
  let left = MOST_SHEET_CELLS;
  const sheets = mapped.flatMap(({ layer, maps: { units } }) => {
    if (units === undefined) return [];
    const sheet = sheetOf(units);
    left -= sheet.values.length;
    return left < 0 ? [] : [{ layer, sheet, units }];
  });
  if (sheets.length === 0) return undefined;
  return html`<details>
    <summary>Where each channel is silent</summary>
    <p class="note">
      Each small picture is a channel: the share of inputs on which it is exactly 0 at a place. ${CHANNELS_PER_ROW}
      channels in a row, from channel 0 on.
      ${sheets.length < mapped.length ? `Of ${count(mapped.length - sheets.length)} of ${count(mapped.length)} layers the maps are too large, or too many, to be here.` : undefined}
    </p>
    ${legend(SHARES, 'sequential', 'Silent', (value) => percentage.format(value))}
    ${sheets.map(
      ({ layer: { value, label, unitWord }, sheet, units: { height, width, values } }) =>
        html`<h4 title="${value}">${shorten(label, 60)}: ${count(values.length / (height * width))} ${unitWord}</h4>
          <div class="scroll sheet">
            ${picture(sheet, Math.min(SHEET_WIDTH_PX, 4 * sheet.width), `Where each channel of ${label} is silent`)}
          </div>`,
    )}
  </details>`;
}

function picture(cells: Cells, widthPx: number, alt: string): Markup {
  const png = base64Encode(cellsPng(cells, SHARES, 'sequential'));
  return html`<img alt="${alt}" width="${widthPx}" src="data:image/png;base64,${png}" />`;
}

/** Channels side by side, a cell apart. */
function sheetOf({ height, width, values }: NonNullable<PositionMaps['units']>): Cells {
  const channels = values.length / (height * width);
  const columns = Math.min(CHANNELS_PER_ROW, channels);
  const across = columns * (width + 1) - 1;
  const down = Math.ceil(channels / columns) * (height + 1) - 1;
  const sheet = new Float32Array(across * down).fill(NaN);
  for (let channel = 0; channel < channels; channel++) {
    const left = (channel % columns) * (width + 1);
    const top = Math.floor(channel / columns) * (height + 1);
    for (let row = 0; row < height; row++) {
      const from = (channel * height + row) * width;
      sheet.set(values.subarray(from, from + width), (top + row) * across + left);
    }
  }
  return { width: across, height: down, values: sheet };
}

/** The mean of the places that share a cell. */
function smaller({ width, height, values }: Cells): Cells {
  const [columns, rows] = [Math.min(width, LARGEST_SIDE), Math.min(height, LARGEST_SIDE)];
  if (columns === width && rows === height) return { width, height, values };
  const sums = new Float32Array(rows * columns);
  const places = new Uint32Array(rows * columns);
  values.forEach((value, at) => {
    const row = Math.floor((Math.floor(at / width) * rows) / height);
    const cell = row * columns + Math.floor(((at % width) * columns) / width);
    sums[cell] = (sums[cell] as number) + value;
    places[cell] = (places[cell] as number) + 1;
  });
  return { width: columns, height: rows, values: sums.map((sum, cell) => sum / (places[cell] as number)) };
}
