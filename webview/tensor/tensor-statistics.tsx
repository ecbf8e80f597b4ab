/** What the numbers of a tensor are like. */
import type { JSX } from 'preact';
import type { Quantity } from '../../src/core/passes/result.js';
import type { TensorStatistics } from '../../src/core/weights/statistics.js';
import type { TensorRow } from '../../src/protocol/weights.js';
import { Help } from '../controls/tooltip.js';
import { TableTools } from '../controls/table-tools.js';
import { formatCount, formatExact, formatNumber, formatShare } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { WeightHistogram } from './weight-histogram.js';

interface Fact {
  readonly label: string;
  readonly definition?: string;
  readonly value: number;
  readonly format: Quantity['format'];
  /** Of the count: said beside it. */
  readonly share?: number;
  readonly isBad?: boolean;
}

interface TensorStatisticsProps {
  readonly row: TensorRow;
  readonly statistics: TensorStatistics;
}

export function TensorStatisticsView({ row, statistics }: TensorStatisticsProps): JSX.Element {
  const facts = factsOf(statistics);
  const { pattern, constant } = statistics;
  const table = (): TextTable => ({
    header: ['statistic', 'value'],
    rows: facts.map(({ label, value }) => [label, formatExact(value)]),
  });
  return (
    <>
      <WeightHistogram name={row.name} statistics={statistics} />
      <section>
        <div class="frame-head">
          <h3 class="frame-title">Statistics</h3>
          <span class="spacer-flex" />
          <TableTools title={`${row.name}-statistics`} table={table} />
        </div>
        {constant && <p class="note">Every value is {formatNumber(statistics.minimum)}.</p>}
        {pattern !== undefined && (
          <p class="note">
            {pattern.nonZero}:{pattern.of} sparse along axis {pattern.axis}: of every {pattern.of} neighbours at most{' '}
            {pattern.nonZero} {pattern.nonZero === 1 ? 'is' : 'are'} not zero.
          </p>
        )}
        <table class="table statistics" aria-label={`Statistics of ${row.name}`}>
          <tbody>
            {facts.map((fact) => (
              <FactRow key={fact.label} {...fact} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function FactRow({ label, definition, value, format, share, isBad = false }: Fact): JSX.Element {
  const text = format === 'count' ? formatCount(value) : formatNumber(value);
  return (
    <tr>
      <td>
        {label} {definition && <Help about={label}>{definition}</Help>}
      </td>
      <td class={`numeric strong ${isBad ? 'bad' : ''}`} title={formatExact(value)}>
        {text}
      </td>
      <td class="numeric muted">{share === undefined ? '' : formatShare(share)}</td>
    </tr>
  );
}

const QUANTILE = 'At position q · (n − 1) of the sorted values, between two of them (numpy’s method “linear”).';

function factsOf(statistics: TensorStatistics): readonly Fact[] {
  const { count, finite } = statistics;
  const number = (label: string, value: number, definition?: string): Fact => ({
    label,
    value,
    format: 'number',
    definition,
  });
  const counted = (label: string, value: number, definition?: string, isBad = false): Fact => ({
    label,
    value,
    format: 'count',
    definition,
    share: value / count,
    isBad: isBad && value > 0,
  });
  const broken = statistics.nan + statistics.positiveInfinity + statistics.negativeInfinity;
  return [
    ...(broken > 0
      ? [
          counted('NaN', statistics.nan, 'Values that are not a number. All figures below leave them out.', true),
          counted('+∞', statistics.positiveInfinity, undefined, true),
          counted('−∞', statistics.negativeInfinity, undefined, true),
        ]
      : []),
    number('Mean', statistics.mean),
    number('Standard deviation', statistics.standardDeviation, 'Of all values, not of a sample (ddof 0).'),
    number('Smallest', statistics.minimum),
    ...statistics.quantiles.map(({ share, value }) => number(`${formatShare(share)} quantile`, value, QUANTILE)),
    number('Largest', statistics.maximum),
    number('Mean size', statistics.meanMagnitude, 'Mean of the absolute values.'),
    number('L2 norm', statistics.l2Norm, 'Root of the sum of squares (the Frobenius norm of a matrix).'),
    counted('Zeros', statistics.zeros, 'Exactly zero, of either sign.'),
    counted('Negative', statistics.negative, 'Below zero.'),
    ...(statistics.distinct === undefined
      ? []
      : [counted('Different values', statistics.distinct, 'The two zeros are one.')]),
    ...(statistics.denormals > 0
      ? [
          counted(
            'Denormals',
            statistics.denormals,
            'Not zero, but below the smallest normal number of the type they are stored in: some processors are slow with them, others take them for zero.',
          ),
        ]
      : []),
    ...(statistics.aboveHalf > 0
      ? [counted('Beyond float16', statistics.aboveHalf, 'Size of 65,520 or more: infinity as float16.', true)]
      : []),
    ...(statistics.belowHalf > 0 && finite > 0
      ? [
          counted(
            'Lost in float16',
            statistics.belowHalf,
            'Not zero, but smaller than 2⁻²⁴, the smallest size of float16.',
          ),
        ]
      : []),
  ];
}
