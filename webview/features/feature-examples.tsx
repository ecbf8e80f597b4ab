/** Texts on which a feature fires: the strongest, and some of every strength. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Excerpt, FeatureDetail } from '../../src/protocol/features.js';
import { Legend } from '../charts/legend.js';
import { TextButton } from '../controls/button.js';
import { Help } from '../controls/tooltip.js';
import { formatCount, formatNumber, formatShare } from '../format/numbers.js';
import { TokenExample } from '../unit/token-example.js';

const FIRST_SHOWN = 8;

export function FeatureExamples({ detail }: { detail: FeatureDetail }): JSX.Element {
  const [all, setAll] = useState(false);
  const { top, intervals } = detail;
  const reach = detail.top[0] === undefined ? 1 : strength(detail.top[0]) || 1;
  const shown = all ? top : top.slice(0, FIRST_SHOWN);
  const fired = intervals.reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <section>
        <div class="frame-head">
          <h3 class="frame-title">Strongest examples</h3>
          <Help about="Strongest examples">
            The inputs in which its largest activation is highest, each around that token. Every token is coloured by
            the feature’s activation there; point at one for the number.
          </Help>
        </div>
        <Legend
          quantity={{
            id: 'activation',
            label: 'Activation',
            definition: 'f of this feature at a token.',
            format: 'number',
            scale: 'sequential',
          }}
          domain={[0, reach]}
        />
        <Excerpts excerpts={shown} reach={reach} />
        {shown.length < top.length && <TextButton onClick={() => setAll(true)}>All {top.length}</TextButton>}
      </section>
      <section>
        <div class="frame-head">
          <h3 class="frame-title">Examples by activation interval</h3>
          <Help about="Examples by activation interval">
            Intervals of equal width in activation, strongest first, each with up to three examples drawn at random from
            it. The share is of the tokens at which the feature fires.
          </Help>
        </div>
        {intervals.map(({ from, to, count, examples }) => (
          <div key={from} class="activation-interval">
            <h4>
              {formatNumber(from)} to {formatNumber(to)}{' '}
              <span class="muted">
                {formatCount(count)} {count === 1 ? 'token' : 'tokens'}, {formatShare(count / fired)}
              </span>
            </h4>
            <Excerpts excerpts={examples} reach={reach} />
          </div>
        ))}
      </section>
    </>
  );
}

function strength({ activations, at }: Excerpt): number {
  return activations[at] ?? 0;
}

function Excerpts({ excerpts, reach }: { excerpts: readonly Excerpt[]; reach: number }): JSX.Element {
  return (
    <ol class="excerpts">
      {excerpts.map((excerpt) => (
        <li key={`${excerpt.input} ${excerpt.position}`} class="excerpt">
          <div class="excerpt-head">
            <strong>{formatNumber(strength(excerpt))}</strong>
            <span class="muted">
              {excerpt.inputName}, position {excerpt.position}
            </span>
          </div>
          <TokenExample
            tokens={excerpt.tokens}
            activations={{ shape: [excerpt.activations.length], values: excerpt.activations }}
            reach={reach}
          />
        </li>
      ))}
    </ol>
  );
}
