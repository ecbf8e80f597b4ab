/** What removing the units that a pass found would save, and the way to do it. */
import type { JSX } from 'preact';
import { SOURCES_OF_PASS } from '../../src/core/pruning/unit-sources.js';
import { keptText, unitsText } from '../../src/core/pruning/words.js';
import type { PruningPreview } from '../../src/protocol/pruning.js';
import { Button } from '../controls/button.js';
import { LongWork } from '../controls/long-work.js';
import { Sentence } from '../controls/sentence.js';
import { host } from '../state/channel.js';
import { useResource } from '../state/resource.js';
import { attempt } from '../state/attempt.js';
import { openedModel, prunedTold, runCommand } from '../state/session.js';
import { formatBytes } from '../format/numbers.js';

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
      <Written />
    </section>
  );
}

/** The smaller model that was written last, and what was found when both were run. */
function Written(): JSX.Element | null {
  const { value } = useResource(() => host.prunedFile({}), [prunedTold.value, openedModel.value?.overview.fileName]);
  if (value === undefined) return null;
  const { path, preview, proof } = value;
  const { fileBytes = 0, externalBytes = 0 } = openedModel.value?.overview ?? {};
  const sizes = `${formatBytes(fileBytes + externalBytes)} before, ${formatBytes(value.bytes + (value.externalBytes ?? 0))} after`;
  const sentences = [
    `${unitsText(preview.units)} removed: ${sizes}.`,
    ...(value.externalName === undefined ? [] : [`Its weights lie beside it in ${value.externalName}.`]),
    preview.proven,
    proof.sentence,
    ...(proof.withoutData === undefined ? [] : [`The inputs of the model were not run: ${proof.withoutData}`]),
  ];
  return (
    <section class="removal-written" aria-label="The smaller copy that was written">
      <h3>The smaller copy that was written</h3>
      <p>
        <code>{path}</code>
      </p>
      {sentences.map((sentence) => (
        <p key={sentence}>
          <Sentence>{sentence}</Sentence>
        </p>
      ))}
      <div class="button-row">
        <Button onClick={() => void attempt(host.openPruned({}))}>Open</Button>
        <Button icon="copy" onClick={() => void attempt(host.copyText({ text: [path, ...sentences].join('\n') }))}>
          Copy
        </Button>
      </div>
    </section>
  );
}

function Preview({ preview }: { preview: PruningPreview }): JSX.Element {
  const { sentence, proven, check, units, layers, kept } = preview;
  const more = layers.length - LAYERS_SHOWN;
  return (
    <>
      <p>
        <Sentence>{sentence}</Sentence>
      </p>
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
