/** Chooses one number at an end of the system: on its picture, or from a list. */
import type { JSX } from 'preact';
import type { SystemEnd } from '../../src/protocol/linear.js';
import { SearchList, type SearchAnswer } from '../controls/search-select.js';
import { NumberField } from '../controls/number-field.js';
import { PatternView } from './map/pattern-view.js';

/** Wider sequences are no picture: a vocabulary. */
const WIDEST_PICTURE = 1024;

interface ElementPickerProps {
  readonly title: string;
  readonly side: 'from' | 'to';
  readonly end: SystemEnd;
  readonly foot: string;
  readonly chosen: number;
  readonly onChoose: (element: number) => void;
  /** Chooses what the pointer comes to, without a click. */
  readonly live: boolean;
  readonly hint: string;
  readonly name: (element: number) => string;
  /** For ends without a picture. */
  readonly search: (query: string) => SearchAnswer;
}

export function ElementPicker(props: ElementPickerProps): JSX.Element {
  const { title, side, end, foot, chosen, onChoose, live, hint, name, search } = props;
  const { layout, values } = end;
  if (layout.kind === 'vector' || (layout.kind === 'sequence' && layout.width > WIDEST_PICTURE)) {
    return (
      <div class="element-list">
        <h3>{title}</h3>
        <SearchList
          label={title}
          search={search}
          chosen={String(chosen)}
          onChoose={(element) => onChoose(Number(element))}
        />
      </div>
    );
  }
  const plane = layout.kind === 'image' ? layout.height * layout.width : values.length;
  const channel = Math.floor(chosen / plane);
  const choose = (cell: number): void => onChoose(channel * plane + cell);
  return (
    <div class="element-picture">
      <PatternView
        title={title}
        end={side}
        layout={layout}
        values={values}
        colors={layout.kind === 'image' ? 'plain' : 'signed'}
        foot={foot}
        name={name}
        chosen={chosen % plane}
        onChoose={choose}
        onPoint={live ? choose : undefined}
        hint={hint}
      />
      {layout.kind === 'image' && layout.channels > 1 && (
        <NumberField
          label="Channel that is chosen"
          value={channel}
          minimum={0}
          maximum={layout.channels - 1}
          onChange={(next) => onChoose(next * plane + (chosen % plane))}
        />
      )}
    </div>
  );
}
