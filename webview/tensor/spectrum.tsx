/** How many directions a tensor really has: its singular values and what follows from them. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Curve } from '../../src/core/passes/result.js';
import { LONGEST_SHORT_SIDE, type SingularValues } from '../../src/core/weights/singular-values.js';
import type { TensorRow } from '../../src/protocol/weights.js';
import { CurveChart } from '../charts/curve-chart.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatNumber } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { openedModel } from '../state/session.js';
import { RowAxis } from './row-axis.js';

/** Smaller matrices take less than a second. */
const ASKED_FROM_SIDE = 512;

export function Spectrum({ index, row }: { index: number; row: TensorRow }): JSX.Element {
  const [axis, setAxis] = useState(0);
  const side = shorterSide(row, axis);
  const [asked, setAsked] = useState<number>();
  const wanted = side <= LONGEST_SHORT_SIDE && (side < ASKED_FROM_SIDE || asked === axis);
  const found = useResource(
    wanted ? (signal, onProgress) => host.tensorSingularValues({ tensor: index, axis }, signal, onProgress) : undefined,
    [openedModel.value, index, axis, wanted],
  );
  return (
    <section class="line-norms">
      <div class="picture-tools">
        <RowAxis dims={row.dims} axis={axis} onAxis={setAxis} />
      </div>
      {side > LONGEST_SHORT_SIDE && (
        <p class="note">
          Computed for matrices whose shorter side is up to {formatCount(LONGEST_SHORT_SIDE)}; here it is{' '}
          {formatCount(side)}.{row.dims.length > 2 && ' Choose another axis for the rows.'}
        </p>
      )}
      {side <= LONGEST_SHORT_SIDE && !wanted && (
        <>
          <p class="note">
            {formatCount(side)} singular values: this takes {side > 2048 ? 'minutes' : 'some seconds'}.
          </p>
          <Button onClick={() => setAsked(axis)}>Compute</Button>
        </>
      )}
      {found.error && <ProblemBox problem={found.error} action="Try again" onAction={found.retry} />}
      {found.loading && (
        <LongWork
          label="Computing singular values"
          progress={found.progress}
          onStop={side < ASKED_FROM_SIDE ? undefined : () => setAsked(undefined)}
        />
      )}
      {found.value && <Found name={row.name} found={found.value} />}
    </section>
  );
}

function shorterSide({ dims, elements }: TensorRow, axis: number): number {
  const rows = dims[axis] ?? 1;
  return Math.min(rows, elements / Math.max(1, rows));
}

function Found({ name, found }: { name: string; found: SingularValues }): JSX.Element {
  const curve = useMemo(() => curveOf(found), [found]);
  const { values, effectiveRank, rank99, stableRank, conditionNumber, conditionIsLowerBound, resolution } = found;
  const facts: readonly (readonly [label: string, definition: string, text: string])[] = [
    [
      'Effective rank',
      'exp of the entropy of σᵢ / Σσ, not centred: between 1 and the number of singular values (Roy and Vetterli 2007).',
      `${formatNumber(effectiveRank)} of ${formatCount(values.length)}`,
    ],
    ['99 % rank', 'The fewest largest singular values whose sum is 99 % of the sum of all.', formatCount(rank99)],
    ['Stable rank', 'Σσ² / σ₁²: the squared Frobenius norm over the squared spectral norm.', formatNumber(stableRank)],
    ['Largest', 'σ₁, the spectral norm: by how much the matrix can stretch a vector.', formatNumber(values[0] ?? NaN)],
    ['Smallest', 'σₙ; below the resolution it is noise.', formatNumber(values.at(-1) ?? NaN)],
    [
      'Condition number',
      'σ₁ / σₙ: how much an error in the input can grow, relatively, when the matrix is inverted.',
      `${conditionIsLowerBound ? 'at least ' : ''}${formatNumber(conditionNumber)}`,
    ],
    [
      'Resolution',
      'Singular values below this are noise: they are square roots of eigenvalues of A Aᵀ in float64.',
      formatNumber(resolution),
    ],
  ];
  return (
    <>
      <table class="table statistics" aria-label={`Singular values of ${name}`}>
        <tbody>
          {facts.map(([label, definition, text]) => (
            <tr key={label}>
              <td>
                {label} <Help about={label}>{definition}</Help>
              </td>
              <td class="numeric strong">{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <CurveChart curve={curve} foot={`${openedModel.value?.overview.fileName ?? ''}, ${name}`} />
    </>
  );
}

function curveOf({ values }: SingularValues): Curve {
  return {
    id: 'singular-values',
    title: 'Singular values',
    xLabel: 'rank, the largest first',
    yLabel: 'singular value',
    definition: 'Square roots of the eigenvalues of A Aᵀ, of the matrix as it is: not centred.',
    format: 'number',
    series: [
      { label: 'singular value', x: Float32Array.from(values, (_, rank) => rank + 1), y: Float32Array.from(values) },
    ],
  };
}
