/** Outputs that are explained: names with their numbers, to be taken away or added. */
import type { JSX } from 'preact';
import { MOST_VOTES, type SystemDescription } from '../../src/protocol/linear.js';
import { Icon } from '../controls/icon.js';
import { SearchSelect } from '../controls/search-select.js';
import { formatNumber } from '../format/numbers.js';
import { addOutput, chosenOutputs, removeOutput } from './chosen-outputs.js';
import { searchOutputs } from './element-search.js';
import { outputName } from './ends.js';

export function OutputChooser({ description }: { description: SystemDescription }): JSX.Element {
  const outputs = chosenOutputs(description);
  const isClass = description.classes !== undefined && description.to.layout.kind === 'vector';
  const add = isClass ? 'Add a class' : 'Add an output';
  return (
    <div class="output-chooser" role="group" aria-label={`Chosen ${isClass ? 'classes' : 'outputs'}`}>
      {outputs.map((output) => {
        const name = outputName(description, output);
        return (
          <span key={output} class="chip">
            {name} <span class="muted">{formatNumber(description.to.values[output] ?? NaN)}</span>
            {outputs.length > 1 && (
              <button
                type="button"
                class="chip-button"
                aria-label={`Remove ${name}`}
                title={`Remove ${name}`}
                onClick={() => removeOutput(description, output)}
              >
                <Icon name="close" />
              </button>
            )}
          </span>
        );
      })}
      {outputs.length < MOST_VOTES ? (
        <SearchSelect
          label={add}
          button={`${add}…`}
          search={(query) => searchOutputs(description, query, outputs)}
          onChoose={(output) => addOutput(description, Number(output))}
        />
      ) : (
        <span class="note">At most {MOST_VOTES} at once.</span>
      )}
    </div>
  );
}
