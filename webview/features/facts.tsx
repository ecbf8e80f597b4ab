/** What all numbers of the features rest on: the dictionary, the value, the tokens, how well it fits, what to mind. */
import type { ComponentChildren, JSX } from 'preact';
import { firstPlacesText } from '../../src/core/dictionary/attach/layout.js';
import type { FewPlaces } from '../../src/core/dictionary/few-places.js';
import type { AttachedDescription } from '../../src/protocol/dictionary.js';
import type { FeatureOverview, PlacedBy } from '../../src/protocol/features.js';
import { Button } from '../controls/button.js';
import { Disclosure } from '../controls/disclosure.js';
import { Badge } from '../controls/fields.js';
import { Icon } from '../controls/icon.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatNumber, formatShare } from '../format/numbers.js';
import { gatherFeatures } from '../state/features.js';
import { runCommand } from '../state/session.js';
import { Equation } from './equation.js';
import { fewOf } from './few-places.js';
import { ExperimentButton } from './experiment-button.js';
import { readingNote, TAKEN } from './variants.js';

const PLACED: Readonly<Record<PlacedBy, string>> = {
  asked: 'as you asked',
  configuration: 'as its configuration says',
  fit: 'where it fits best of all values that were measured',
};

interface FeatureFactsProps {
  readonly overview: FeatureOverview;
  readonly dictionary: AttachedDescription;
}

export function FeatureFacts({ overview, dictionary }: FeatureFactsProps): JSX.Element {
  const { totals, fvu, fvuWithoutFirst, layout, reads, writes, variant, placedBy, data, synthetic, warnings } =
    overview;
  const reading = readingNote(variant);
  const { one, many } = overview.placeWords;
  const features = overview.columns.density.length;
  const few = fewOf(overview);
  return (
    <section class="feature-facts" aria-label="What the numbers rest on">
      <div class="feature-buttons">
        <Button
          icon="play"
          onClick={() => void gatherFeatures({})}
          title="Run your inputs through the dictionary again"
        >
          Run again
        </Button>
        <Button onClick={() => void runCommand('modelInspector.attachDictionary')}>Other Dictionary…</Button>
        <ExperimentButton experiment="dictionary-fit" see="Where it fits" start="Measure where it fits" />
        <ExperimentButton experiment="dictionary-error" see="What it misses" start="Measure what it misses" />
      </div>
      <p>
        <strong>{overview.dictionary}</strong> reads <code>{reads}</code>
        {TAKEN[variant]}
        {writes !== reads && (
          <>
            {' '}
            and is to write <code>{writes}</code>
          </>
        )}
        , {PLACED[placedBy]}. <span class="muted">On {data}.</span>{' '}
        {synthetic && <Badge tone="warning">random inputs</Badge>}
      </p>
      {reading !== undefined && <p class="note">{reading}</p>}
      <ul class="figures feature-figures">
        <Fact value={formatCount(totals.tokens)} label={many}>
          {layout.kind === 'grid'
            ? `A picture has ${layout.height} × ${layout.width} places there: the dictionary reads the channels at each of them.`
            : layout.kind === 'patches'
              ? `A place is a token: a picture has ${layout.height} × ${layout.width} of them, one for each patch${layout.others.length === 0 ? '' : `, behind ${layout.others.length === 1 ? `the ${layout.others[0]}` : `${layout.others.length} that are none`}`}.`
              : layout.kind === 'heads'
                ? `A place is one head at one token: there are ${formatCount(layout.heads)} heads at each token, and the dictionary reads each of them. Padding is not counted, at no head.`
                : layout.kind === 'single'
                  ? 'The dictionary reads one row of each input.'
                  : `Positions of the inputs that hold ${many}; padding is not counted.`}
        </Fact>
        <Fact value={formatNumber(fvu)} label="FVU" mind={few}>
          Fraction of variance unexplained: Σ‖x − x̂‖² / Σ‖x − mean‖² over all {many} and dims. 0 is perfect, the mean
          alone is at 1.
          {fvuWithoutFirst !== undefined &&
            ` Without ${firstPlacesText(layout, overview.placeWords)} it is ${formatNumber(fvuWithoutFirst)}.`}
        </Fact>
        <Fact value={formatNumber(totals.l0)} label="L0" mind={few}>
          Mean number of features that are not 0 at {one === 'input' ? 'an' : 'a'} {one}.
        </Fact>
        <Fact value={`${formatCount(totals.dead)} of ${formatCount(features)}`} label="dead features" mind={few}>
          Features above 0 at no {one === 'input' ? 'one' : one} of these inputs (
          {formatShare(totals.dead / Math.max(1, features))}).
        </Fact>
      </ul>
      {totals.nonFinite > 0 && (
        <Warning>{formatCount(totals.nonFinite)} values of features are NaN or infinite.</Warning>
      )}
      {warnings.map((warning) => (
        <Warning key={warning}>{warning}</Warning>
      ))}
      {dictionary.equation && dictionary.equation.length > 0 && (
        <Disclosure name="feature-equation" title="What it computes" hint="its equation, as resolved from the file">
          {() => <Equation lines={dictionary.equation ?? []} />}
        </Disclosure>
      )}
    </section>
  );
}

interface FactProps {
  readonly value: string;
  readonly label: string;
  /** Why the number says little. */
  readonly mind?: FewPlaces | undefined;
  readonly children: ComponentChildren;
}

function Fact({ value, label, mind, children }: FactProps): JSX.Element {
  return (
    <li class="figure">
      <span class="figure-value">
        {value}
        {mind && (
          <span class="few-sign" role="img" aria-label={mind.short} title={mind.sentence}>
            <Icon name="warning" class="icon-warning" />
          </span>
        )}
      </span>
      <span class="figure-label">
        {label} <Help about={label}>{children}</Help>
      </span>
    </li>
  );
}

function Warning({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <p class="feature-warning" role="note">
      <Icon name="warning" class="icon-warning" /> {children}
    </p>
  );
}
