/** Every tensor that the model stores: as a table, or as a map whose areas are sizes. */
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { Spinner } from '../controls/fields.js';
import { Tabs } from '../controls/tabs.js';
import { TextField } from '../controls/text-field.js';
import { formatBytes, formatCompact, formatCount } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { ui } from '../state/interface-state.js';
import { openedModel } from '../state/session.js';
import { loadTensors, tensors } from '../state/tensors.js';
import { filterTensors, totals, type ListedTensor } from './filter.js';
import { ModuleTable } from './module-table.js';
import { TensorTable } from './tensor-table.js';
import { WeightMap } from './weight-map.js';

export function WeightsView(): JSX.Element {
  const model = openedModel.value;
  useEffect(loadTensors, [model]);
  const { rows, total, problem } = tensors.value;
  const filter = ui.weightsFilter.value;
  const shown = useMemo(() => filterTensors(rows, filter), [rows, filter]);
  return (
    <section class="weights-view" aria-label="Weights">
      <div class="toolbar">
        <Tabs
          label="Weights as"
          kind="segments"
          tabs={[
            { name: 'table', label: 'Table' },
            { name: 'modules', label: 'Modules' },
            { name: 'map', label: 'Map' },
          ]}
          active={ui.weightsMode.value}
          onChange={(mode) => (ui.weightsMode.value = mode)}
        />
        <TextField
          label="Filter tensors"
          placeholder="Filter by name, type or shape: attn F16 4096"
          class="filter-field"
          value={filter}
          onInput={(text) => (ui.weightsFilter.value = text)}
        />
        <span class="muted">
          {filter === '' ? formatCount(total) : `${formatCount(shown.length)} of ${formatCount(total)}`}{' '}
          {total === 1 ? 'tensor' : 'tensors'}
        </span>
      </div>
      {problem && <ProblemBox problem={problem} action="Try again" onAction={loadTensors} />}
      {rows.length < total && problem === undefined && (
        <Spinner label={`Reading the list: ${formatCount(rows.length)} of ${formatCount(total)} tensors`} />
      )}
      {total === 0 && <p class="note">This model stores no tensors: every number of it comes from its inputs.</p>}
      {total > 0 && <TypeTotals shown={shown} />}
      {total > 0 && <Shown shown={shown} />}
    </section>
  );
}

function Shown({ shown }: { shown: readonly ListedTensor[] }): JSX.Element {
  switch (ui.weightsMode.value) {
    case 'table':
      return <TensorTable shown={shown} />;
    case 'modules':
      return <ModuleTable shown={shown} />;
    case 'map':
      return <WeightMap shown={shown} />;
  }
}

/** What the tensors shown come to, by element type: a click narrows to that type. */
function TypeTotals({ shown }: { shown: readonly ListedTensor[] }): JSX.Element {
  const types = useMemo(() => totals(shown, ({ row }) => row.dtype), [shown]);
  const all = types.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <ul class="type-totals" aria-label="Totals by element type">
      {types.map(({ key, tensors: count, elements, bytes }) => (
        <li key={key}>
          <button
            type="button"
            class="type-total"
            title={`${formatCount(elements)} numbers in ${formatCount(count)} tensors, ${formatCount(bytes)} bytes. Click to show only these.`}
            onClick={() => (ui.weightsFilter.value = key)}
          >
            <span class="type-total-bar" style={{ width: `${all === 0 ? 0 : (100 * bytes) / all}%` }} />
            <strong>{key}</strong> {formatCompact(elements)} in {formatCount(count)}{' '}
            {count === 1 ? 'tensor' : 'tensors'}, {formatBytes(bytes)}
          </button>
        </li>
      ))}
    </ul>
  );
}
