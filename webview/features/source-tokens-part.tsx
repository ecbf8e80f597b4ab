/** Which tokens a feature of a dictionary on the output of attention got its strongest values from. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FeatureDetail, FeatureOverview } from '../../src/protocol/features.js';
import { TextButton } from '../controls/button.js';
import { Disclosure } from '../controls/disclosure.js';
import { formatNumber } from '../format/numbers.js';
import { strength } from './excerpts.js';
import { ExperimentButton } from './experiment-button.js';
import { SourceTokens } from './source-tokens.js';
import { tokenNumber } from '../../src/core/told-numbers.js';

const FIRST_SHOWN = 4;

interface SourceTokensPartProps {
  readonly overview: FeatureOverview;
  readonly detail: FeatureDetail;
}

export function SourceTokensPart({ overview, detail }: SourceTokensPartProps): JSX.Element {
  const { noSourceTokens } = overview;
  if (noSourceTokens !== undefined)
    return <p class="note">From which tokens it got its value cannot be said here. {noSourceTokens}</p>;
  return (
    <Disclosure
      name="feature-source-tokens"
      title="From which tokens"
      hint="what attention read at its strongest examples, token by token and head by head"
    >
      {() => <Examples key={detail.feature} detail={detail} />}
    </Disclosure>
  );
}

function Examples({ detail: { feature, top } }: Pick<SourceTokensPartProps, 'detail'>): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? top : top.slice(0, FIRST_SHOWN);
  return (
    <>
      <p class="note">
        The feature reads what attention gives, which is a sum over the tokens that its heads read. The colours are what
        each of them adds to the feature’s value at the underlined token, with the attention pattern held (direct
        feature attribution).
      </p>
      <div class="button-row">
        <ExperimentButton
          experiment="attention-heads"
          see="What the heads look at"
          start="Measure what the heads look at"
        />
      </div>
      <ol class="excerpts source-examples">
        {shown.map((excerpt) => (
          <li key={`${excerpt.input} ${excerpt.position}`} class="excerpt">
            <div class="excerpt-head">
              <strong>{formatNumber(strength(excerpt))}</strong>
              <span class="muted">
                {[excerpt.inputName, `token ${tokenNumber(excerpt.position)}`].filter(Boolean).join(', ')}
              </span>
            </div>
            <SourceTokens
              feature={feature}
              prompt={{ kind: 'input', input: excerpt.input }}
              position={excerpt.position}
            />
          </li>
        ))}
      </ol>
      {shown.length < top.length && <TextButton onClick={() => setAll(true)}>All {top.length}</TextButton>}
    </>
  );
}
