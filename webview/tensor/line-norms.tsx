/** How large the rows and columns of a tensor are: along one axis, and across everything else. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Curve } from '../../src/core/passes/result.js';
import type { LineNorms as Norms } from '../../src/core/weights/norms.js';
import type { TensorRow } from '../../src/protocol/weights.js';
import { CurveChart } from '../charts/curve-chart.js';
import { LongWork } from '../controls/long-work.js';
import { Tabs } from '../controls/tabs.js';
import { formatBytes, formatCount, formatNumber } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { openedModel } from '../state/session.js';
import { RowAxis } from './row-axis.js';

/** Lines of a chart: more cannot be told apart on a screen. */
const MOST_POINTS = 512;
const NAMED = 5;

export function LineNorms({ index, row }: { index: number; row: TensorRow }): JSX.Element {
  const [axis, setAxis] = useState(0);
  const [which, setWhich] = useState<'rows' | 'columns'>('rows');
  const norms = useResource(
    (signal, onProgress) => host.tensorNorms({ tensor: index, axis }, signal, onProgress),
    [openedModel.value, index, axis],
  );
  return (
    <section class="line-norms">
      <div class="picture-tools">
        <RowAxis dims={row.dims} axis={axis} onAxis={setAxis} />
        <Tabs
          label="Sizes of"
          kind="segments"
          tabs={[
            { name: 'rows', label: 'Rows' },
            { name: 'columns', label: 'Columns' },
          ]}
          active={which}
          onChange={setWhich}
        />
      </div>
      {norms.error && <ProblemBox problem={norms.error} action="Try again" onAction={norms.retry} />}
      {norms.loading && <LongWork label={`Reading ${formatBytes(row.bytes)}`} progress={norms.progress} />}
      {norms.value && <Lines name={row.name} word={which} norms={norms.value[which]} />}
    </section>
  );
}

interface LinesProps {
  readonly name: string;
  readonly word: 'rows' | 'columns';
  readonly norms: Norms;
}

function Lines({ name, word, norms }: LinesProps): JSX.Element {
  const order = useMemo(() => largestFirst(norms.l2Norm), [norms]);
  const curve = useMemo(() => curveOf(word, norms, order), [word, norms, order]);
  const count = order.length;
  const named = (lines: readonly number[]): string =>
    lines.map((line) => `${formatCount(line)} (${formatNumber(norms.l2Norm[line] ?? NaN)})`).join(', ');
  return (
    <>
      <p class="note">
        {formatCount(count)} {count === 1 ? word.slice(0, -1) : word};{' '}
        {norms.allZero === 0 ? 'none is' : `${formatCount(norms.allZero)} ${norms.allZero === 1 ? 'is' : 'are'}`} zero
        throughout.
      </p>
      {count > 1 && (
        <>
          <dl class="facts">
            <dt>Largest</dt>
            <dd>{named([...order.slice(0, NAMED)])}</dd>
            <dt>Smallest</dt>
            <dd>{named([...order.slice(-NAMED)].reverse())}</dd>
          </dl>
          <CurveChart curve={curve} foot={`${openedModel.value?.overview.fileName ?? ''}, ${name}`} />
        </>
      )}
    </>
  );
}

/** Lines without a number come first: they are what a person looks for. */
function largestFirst(norms: Float64Array): Uint32Array {
  const key = (line: number): number => (Number.isNaN(norms[line]) ? Infinity : (norms[line] ?? 0));
  return Uint32Array.from(norms, (_, line) => line).sort((a, b) => key(b) - key(a) || a - b);
}

function curveOf(word: string, norms: Norms, order: Uint32Array): Curve {
  const points = Math.min(MOST_POINTS, order.length);
  const ranks = Float32Array.from({ length: points }, (_, point) =>
    points === 1 ? 0 : Math.round((point * (order.length - 1)) / (points - 1)),
  );
  const along = (values: Float64Array): Float32Array =>
    Float32Array.from(ranks, (rank) => values[order[rank] ?? 0] ?? NaN);
  return {
    id: `norms of ${word}`,
    title: `Sizes of the ${word}`,
    xLabel: `rank, the largest first`,
    yLabel: 'size',
    definition: `L2 norm (root of the sum of squares) of each of the ${word}, and the largest absolute value in it, in the order of the L2 norms.`,
    format: 'number',
    series: [
      { label: `L2 norm`, x: ranks, y: along(norms.l2Norm) },
      { label: 'largest absolute value', x: ranks, y: along(norms.largestMagnitude), dashed: true },
    ],
  };
}
