/** Rows of a tensor that say the same. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { DuplicateRows } from '../../src/core/weights/duplicates.js';
import type { TensorRow } from '../../src/protocol/weights.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { Table, type Column } from '../controls/table.js';
import { Help } from '../controls/tooltip.js';
import { TableTools } from '../controls/table-tools.js';
import { formatBytes, formatCount } from '../format/numbers.js';
import type { TextTable } from '../format/tables.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { openedModel } from '../state/session.js';
import { RowAxis } from './row-axis.js';

const NAMED = 12;

export function Duplicates({ index, row }: { index: number; row: TensorRow }): JSX.Element {
  const [axis, setAxis] = useState(0);
  const [stopped, setStopped] = useState(false);
  const found = useResource(
    stopped ? undefined : (signal, onProgress) => host.tensorDuplicates({ tensor: index, axis }, signal, onProgress),
    [openedModel.value, index, axis, stopped],
  );
  return (
    <section class="line-norms">
      <div class="picture-tools">
        <RowAxis dims={row.dims} axis={axis} onAxis={setAxis} />
      </div>
      {found.error && <ProblemBox problem={found.error} action="Try again" onAction={found.retry} />}
      {found.loading && (
        <LongWork
          label={`Comparing the rows of ${formatBytes(row.bytes)}`}
          progress={found.progress}
          onStop={() => setStopped(true)}
        />
      )}
      {stopped && <Button onClick={() => setStopped(false)}>Compare the rows</Button>}
      {found.value && <Found name={row.name} found={found.value} />}
    </section>
  );
}

function Found({ name, found }: { name: string; found: DuplicateRows }): JSX.Element {
  const { rows, zeroRows, groups, near, withoutDirection } = found;
  const repeated = groups.reduce((sum, group) => sum + group.length - 1, 0);
  return (
    <>
      <dl class="facts">
        <dt>Rows</dt>
        <dd>{formatCount(rows)}</dd>
        <dt>All zero</dt>
        <dd>{listed(zeroRows)}</dd>
        <dt>Equal</dt>
        <dd>
          {groups.length === 0
            ? 'none'
            : `${formatCount(repeated)} repeat others, in ${formatCount(groups.length)} ${groups.length === 1 ? 'group' : 'groups'}`}
        </dd>
        {withoutDirection > 0 && (
          <>
            <dt>Not compared</dt>
            <dd>{formatCount(withoutDirection)} with values that are no finite numbers</dd>
          </>
        )}
      </dl>
      {groups.length > 0 && (
        <ul class="groups">
          {groups.slice(0, NAMED).map((group) => (
            <li key={group[0]}>{listed(group)}</li>
          ))}
          {groups.length > NAMED && <li class="muted">and {formatCount(groups.length - NAMED)} more groups</li>}
        </ul>
      )}
      {near === undefined ? (
        <p class="note">Directions are not compared here: rows have one number only, or there are too many of them.</p>
      ) : (
        <NearPairs name={name} near={near} />
      )}
    </>
  );
}

function NearPairs({ name, near }: { name: string; near: NonNullable<DuplicateRows['near']> }): JSX.Element {
  const { pairs, complete, method } = near;
  const text = (): TextTable => ({
    header: ['row', 'other row', 'cosine'],
    rows: pairs.map(({ first, second, cosine }) => [String(first), String(second), String(cosine)]),
  });
  return (
    <section>
      <div class="frame-head">
        <h3 class="frame-title">Nearly equal directions</h3>
        <Help about="Nearly equal directions">
          Pairs of rows whose cosine is 0.99 or more, or −0.99 or less where one is nearly the other’s opposite.{' '}
          {method === 'all-pairs'
            ? 'Every pair was compared.'
            : 'Pairs were looked for among sketches of the rows and then computed exactly: about one in a thousand at the very limit is missing.'}
        </Help>
        <span class="spacer-flex" />
        {pairs.length > 0 && <TableTools title={`${name}-pairs`} table={text} />}
      </div>
      {pairs.length === 0 && <p class="note">No two rows point in nearly the same direction.</p>}
      {pairs.length > 0 && (
        <Table name="near-pairs" label="Nearly equal rows" columns={COLUMNS} rows={pairs} rowKey={keyOf} />
      )}
      {!complete && <p class="note">There are more pairs than these {formatCount(pairs.length)}.</p>}
    </section>
  );
}

type Pair = NonNullable<DuplicateRows['near']>['pairs'][number];

const keyOf = ({ first, second }: Pair): string => `${first} ${second}`;

const COLUMNS: readonly Column<Pair>[] = [
  { id: 'first', label: 'Row', numeric: true, sortBy: ({ first }) => first, cell: ({ first }) => formatCount(first) },
  {
    id: 'second',
    label: 'Other row',
    numeric: true,
    sortBy: ({ second }) => second,
    cell: ({ second }) => formatCount(second),
  },
  {
    id: 'cosine',
    label: 'Cosine',
    numeric: true,
    sortBy: ({ cosine }) => Math.abs(cosine),
    cell: ({ cosine }) => cosine.toFixed(5),
  },
];

function listed(rows: readonly number[]): string {
  if (rows.length === 0) return 'none';
  const shown = rows.slice(0, NAMED).map(formatCount).join(', ');
  return rows.length > NAMED ? `${shown} and ${formatCount(rows.length - NAMED)} more` : shown;
}
