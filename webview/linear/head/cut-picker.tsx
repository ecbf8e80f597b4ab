/** Between which two values of the graph the system lies. */
import type { JSX } from 'preact';
import { inputId } from '../../../src/core/graph/item-ids.js';
import type { CutChoice, SystemEnd } from '../../../src/protocol/linear.js';
import { TextButton } from '../../controls/button.js';
import { SearchSelect, type SearchAnswer } from '../../controls/search-select.js';
import { formatShape } from '../../format/words.js';
import { ui } from '../../state/interface-state.js';
import { revealItem } from '../../state/reveal.js';
import { openedModel } from '../../state/session.js';
import { endName } from '../ends.js';

const CHOICES_LISTED = 100;
/** Stands for the model's own end. */
const DEFAULT = '';

interface CutPickerProps {
  readonly side: 'from' | 'to';
  readonly cuts: readonly CutChoice[];
  /** Once it is known. */
  readonly end: SystemEnd | undefined;
}

export function CutPicker({ side, cuts, end }: CutPickerProps): JSX.Element {
  const chosen = ui.linearCut.value[side];
  const known = cuts.find(({ value }) => value === chosen);
  const choose = (value: string): void => {
    ui.linearCut.value = { ...ui.linearCut.value, [side]: value === DEFAULT ? undefined : value };
  };
  const item = end && (end.item ?? inputItem(end.value));
  return (
    <span class="cut-end">
      <span class="field-label">{side}</span>
      <SearchSelect
        label={side === 'from' ? 'Where the linear system starts' : 'Where the linear system ends'}
        button={
          <>
            {end === undefined ? (known?.label ?? chosen ?? 'the model’s own') : endName(end)}
            {chosen === undefined && <span class="muted"> (default)</span>}
          </>
        }
        chosen={chosen ?? DEFAULT}
        search={(query) => searchCuts(cuts, side, query)}
        onChoose={choose}
      />
      {item !== undefined && <TextButton onClick={() => void revealItem(item)}>Show in graph</TextButton>}
    </span>
  );
}

/** An input of the graph has no node that makes it; it has a box of its own. */
function inputItem(value: string): string | undefined {
  const position = openedModel.value?.overview.network?.inputs.findIndex(({ name }) => name === value) ?? -1;
  return position < 0 ? undefined : inputId(position);
}

function searchCuts(cuts: readonly CutChoice[], side: 'from' | 'to', query: string): SearchAnswer {
  const typed = query.trim().toLowerCase();
  const own = {
    value: DEFAULT,
    label: side === 'from' ? 'The model’s own start' : 'The model’s own end',
    detail: side === 'from' ? 'its input, or the embedding of its tokens' : 'its output, before a softmax',
  };
  const fit = cuts.filter(({ label, value }) => `${label}\n${value}`.toLowerCase().includes(typed));
  return {
    choices: [
      ...(typed === '' ? [own] : []),
      ...fit.slice(0, CHOICES_LISTED).map(({ value, label, dims }) => ({
        value,
        label,
        detail: label === value ? formatShape(dims) : `${value}, ${formatShape(dims)}`,
      })),
    ],
    more: Math.max(0, fit.length - CHOICES_LISTED),
  };
}
