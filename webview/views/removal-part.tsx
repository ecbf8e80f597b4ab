/** What removing the units that a pass found would save, and the way to do it. */
import type { JSX } from 'preact';
import { SOURCES_OF_PASS } from '../../src/core/pruning/unit-sources.js';
import { keptText } from '../../src/core/pruning/words.js';
import type { PruningPreview } from '../../src/protocol/pruning.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { runCommand } from '../state/session.js';

const LAYERS_SHOWN = 8;

/** Nothing for other passes. Asks only for what is known: nothing is run for it. */
export function RemovalPart({ pass, answer }: { pass: string; answer: string }): JSX.Element | null {
  const sources = SOURCES_OF_PASS[pass];
  const ask =
    sources === undefined
      ? undefined
      : (signal: AbortSignal, onProgress: (share: number) => void): Promise<PruningPreview> =>
          host.pruningPreview({ sources, known: true }, signal, onProgress);
  const { value, loading, error, progress } = useResource(ask, [pass, answer]);
  if (sources === undefined) return null;
  return (
    <section class="removal" aria-label="What removing them would save">
      <h3>What removing them would save</h3>
      {loading && <LongWork label="Following where the units go" progress={progress} />}
      {error && <p>{error.message}</p>}
      {value && <Preview preview={value} />}
    </section>
  );
}

function Preview({ preview }: { preview: PruningPreview }): JSX.Element {
  const { sentence, proven, check, units, layers, kept } = preview;
  const more = layers.length - LAYERS_SHOWN;
  return (
    <>
      <p>{sentence}</p>
      {proven !== '' && <p>{proven}</p>}
      {layers.length > 0 && (
        <ul class="removal-layers">
          {layers.slice(0, LAYERS_SHOWN).map(({ item, label, removed, units: all }) => (
            <li key={item}>
              {label}: {removed} of {all}
            </li>
          ))}
          {more > 0 && <li>and {more} more layers</li>}
        </ul>
      )}
      {kept.length > 0 && (
        <>
          <p>Why the others stay:</p>
          <ul class="removal-layers">
            {kept.map((each) => (
              <li key={each.reason}>{keptText(each)}</li>
            ))}
          </ul>
        </>
      )}
      {check !== '' && <p class="note">{check}</p>}
      {units > 0 && (
        <Button icon="save" onClick={() => void runCommand('modelInspector.pruneDeadUnits')}>
          Prune Dead Units…
        </Button>
      )}
    </>
  );
}
