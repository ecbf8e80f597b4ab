/** Every number of every unit: a strip of cells per layer. */
import { base64Encode } from '@bufbuild/protobuf/wire';
import type { UnitMetric } from '../../core/passes/result.js';
import { html, type Markup } from './markup.js';
import { count } from '../../core/passes/words.js';
import { show } from './numbers.js';
import { cellsPng, domainOf, legend, shorten } from './pictures.js';
import type { ReportLayer } from './layers.js';

/** Numbers shown open; the others are one click away, so that the page stays one that is scrolled through. */
const OPEN = 2;
/** Cells that a strip has room for on the page: of wider layers a cell is the mean of neighbouring units. */
const MOST_CELLS = 1024;
/** Strips of one number. */
const MOST_STRIPS = 100;

export function unitStrips(metrics: readonly UnitMetric[], layers: readonly ReportLayer[]): Markup {
  const folded = metrics.slice(OPEN);
  return html`${metrics.slice(0, OPEN).map((metric) => strips(metric, layers))}${
    folded.length === 0
      ? undefined
      : html`<details>
          <summary>
            ${folded.length === 1 ? 'One more number' : `${folded.length} more numbers`} of every unit:
            ${folded.map(({ label }) => label.toLowerCase()).join(', ')}
          </summary>
          ${folded.map((metric) => strips(metric, layers))}
        </details>`
  }`;
}

function strips(metric: UnitMetric, layers: readonly ReportLayer[]): Markup {
  const domain = domainOf(finiteEnds(Object.values(metric.values)), metric.scale, metric.format);
  const measured = layers.flatMap((layer) => {
    const values = metric.values[layer.value];
    return values === undefined || values.length === 0 ? [] : [{ ...layer, values }];
  });
  const notes = [
    ...(measured.some(({ values }) => values.length > MOST_CELLS)
      ? [`Of layers with more than ${count(MOST_CELLS)} units each cell is the mean of neighbouring ones.`]
      : []),
    ...(measured.length > MOST_STRIPS
      ? [`The first ${MOST_STRIPS} of ${count(measured.length)} layers; the JSON has all.`]
      : []),
  ];
  return html`<h3>${metric.label}, every unit of every layer</h3>
    <p class="note">${[metric.definition, ...notes].join(' ')}</p>
    ${legend(domain, metric.scale, metric.label, (value) => show(value, metric.format))}
    <div class="strips">
      ${measured.slice(0, MOST_STRIPS).map(({ value, label, unitWord, values }) => {
        const cells = meansOfNeighbours(values);
        const png = cellsPng({ width: cells.length, height: 1, values: cells }, domain, metric.scale);
        return html`<span title="${value}">${shorten(label, 40)}</span
          ><img alt="${metric.label} of ${label}" src="data:image/png;base64,${base64Encode(png)}" /><span
            >${values.length} ${unitWord}</span
          >`;
      })}
    </div>`;
}

/** Least and largest finite value of each layer: the domain of all follows from them. */
function finiteEnds(layers: readonly Float32Array[]): number[] {
  return layers.flatMap((values) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return [low, high];
  });
}

/** NaN where none of the neighbours has a number. */
function meansOfNeighbours(values: Float32Array): Float32Array {
  if (values.length <= MOST_CELLS) return values;
  const at = (cell: number): number => Math.floor((cell * values.length) / MOST_CELLS);
  return Float32Array.from({ length: MOST_CELLS }, (_, cell) => {
    const known = values.subarray(at(cell), at(cell + 1)).filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}
