/** What the passes say aloud, worst first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { controlsThatGive, givenByControls } from '../../src/core/controls/compare.js';
import type { Finding, Severity } from '../../src/core/passes/result.js';
import { TextButton } from '../controls/button.js';
import { Icon } from '../controls/icon.js';
import { Explained } from '../controls/tooltip.js';
import { explainWords } from '../format/glossary.js';
import { singular } from '../../src/core/passes/words.js';
import { controls, findings, layersByValue } from '../state/metrics.js';
import { result } from '../state/session.js';
import { select, selection, selectUnit } from '../state/selection.js';

const FIRST_SHOWN = 12;
const UNITS_SHOWN = 6;
const GIVEN_TITLE =
  'The control has a finding of the same kind in the same layer, about at least four fifths of the share: it says nothing about what was trained.';
const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  error: 'Error',
  warning: 'Warning',
  information: 'Information',
};

export function Findings(): JSX.Element {
  const [all, setAll] = useState(false);
  const found = findings.value;
  const shown = all ? found : found.slice(0, FIRST_SHOWN);
  return (
    <section class="findings" aria-labelledby="findings-title">
      <div class="card-head">
        <h2 id="findings-title">Findings</h2>
        <Counts found={found} />
      </div>
      {found.length === 0 && (
        <p class="calm">
          <Icon name="check" class="icon-good" /> Nothing to warn about{' '}
          {result.value === undefined ? 'in these weights' : 'on these inputs'}.
        </p>
      )}
      <ol class="finding-list">
        {shown.map((finding, index) => (
          <FindingRow
            key={`${finding.pass} ${index}`}
            finding={finding}
            repeatsAdvice={finding.advice === shown[index - 1]?.advice}
          />
        ))}
      </ol>
      {found.length > shown.length && (
        <TextButton onClick={() => setAll(true)}>Show all {found.length} findings</TextButton>
      )}
    </section>
  );
}

function Counts({ found }: { found: readonly Finding[] }): JSX.Element {
  return (
    <>
      {(['error', 'warning', 'information'] as const).map((severity) => {
        const count = found.filter((finding) => finding.severity === severity).length;
        return (
          count > 0 && (
            <span key={severity} class="finding-count" title={`${count} × ${SEVERITY_WORDS[severity].toLowerCase()}`}>
              <Icon name={severity} class={`icon-${severity}`} /> {count}
            </span>
          )
        );
      })}
    </>
  );
}

/** Advice that the finding above gave already is shown only where a person looks. */
function FindingRow({
  finding,
  repeatsAdvice,
}: {
  finding: Finding & { readonly pass: string };
  repeatsAdvice: boolean;
}): JSX.Element {
  const { severity, sentence, advice, layer, units = [] } = finding;
  const chosen = layer !== undefined && selection.value.layer === layer;
  const given = givenByControls(controlsThatGive(finding.pass, finding, controls.value));
  const choose = layer === undefined ? undefined : (): void => select({ layer });
  return (
    <li class={`finding ${chosen ? 'selected' : ''}`}>
      <div
        class={`finding-main ${choose ? 'selectable' : ''}`}
        role={choose ? 'button' : undefined}
        tabIndex={choose ? 0 : undefined}
        aria-pressed={choose ? chosen : undefined}
        onClick={choose}
        onKeyDown={(event) => {
          if (choose === undefined || (event.key !== 'Enter' && event.key !== ' ')) return;
          event.preventDefault();
          choose();
        }}
      >
        <Icon name={severity} class={`icon-${severity}`} />
        <span class="visually-hidden">{SEVERITY_WORDS[severity]}:</span>
        <div>
          <div class="finding-sentence">
            {explainWords(sentence).map(({ text, explanation }, index) =>
              explanation === undefined ? text : <Explained key={index} text={text} explanation={explanation} />,
            )}
          </div>
          {given !== '' && (
            <div class="finding-given" title={GIVEN_TITLE}>
              {given}
            </div>
          )}
          {advice && (chosen || !repeatsAdvice) && <div class="finding-advice">{advice}</div>}
        </div>
      </div>
      {layer !== undefined && units.length > 0 && <UnitChips layer={layer} units={units} />}
    </li>
  );
}

function UnitChips({ layer, units }: { layer: string; units: readonly number[] }): JSX.Element {
  const word = singular(layersByValue.value.get(layer)?.unitWord ?? 'units');
  return (
    <div class="unit-chips">
      {units.slice(0, UNITS_SHOWN).map((unit) => {
        const { layer: selectedLayer, unit: selectedUnit } = selection.value;
        return (
          <button
            key={unit}
            type="button"
            class="unit-chip"
            aria-pressed={selectedLayer === layer && selectedUnit === unit}
            title={`Show ${word} ${unit}`}
            onClick={() => selectUnit(layer, unit)}
          >
            {unit}
          </button>
        );
      })}
      {units.length > UNITS_SHOWN && <span class="muted">and {units.length - UNITS_SHOWN} more</span>}
    </div>
  );
}
