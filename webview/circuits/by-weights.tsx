/** What would feed a target by weights alone: tokens (de-embedding), earlier features (pulled back), and heads. */
import type { JSX } from 'preact';
import type { CircuitWeights, FedByWeights } from '../../src/protocol/circuits.js';
import { Spinner } from '../controls/fields.js';
import { Help } from '../controls/tooltip.js';
import { formatNumber } from '../format/numbers.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import type { FoundCircuit } from '../state/circuits.js';
import { useResource } from '../state/resource.js';
import { visible } from '../format/words.js';
import { LeftAttention } from './left-attention.js';
import { headName } from './through-heads.js';

export function ByWeights({ found: { answer }, node }: { found: FoundCircuit; node: number }): JSX.Element {
  const weights = useResource((signal) => host.circuitWeights({ circuit: answer.id, node }, signal), [answer.id, node]);
  return (
    <>
      {weights.loading && <Spinner label="Reading weights" />}
      {weights.error && <ProblemBox problem={weights.error} action="Try again" onAction={weights.retry} />}
      {weights.value && <Found weights={weights.value} />}
    </>
  );
}

function Found({ weights }: { readonly weights: CircuitWeights }): JSX.Element {
  return (
    <>
      <p class="muted">
        The same on every input: what these weights leave out are attention patterns, other MLPs and normalisations
        between, and whether features are ever active together.
      </p>
      <Fed fed={weights} />
      {weights.heads.length > 0 && (
        <>
          <h4>
            Through the heads that can feed it most{' '}
            <Help about="Heads that can feed it">
              By the length of W_V W_O v, with v this target’s direction in the residual stream: what a head would have
              to read, at any token, to write along it. Tokens and features are those along that vector.
            </Help>
          </h4>
          {weights.heads.map(({ layer, head, norm, ...fed }) => (
            <details key={`${layer} ${head}`} class="circuit-head">
              <summary>
                {headName(layer, head)} <span class="muted">length {formatNumber(norm)}</span>
              </summary>
              <Fed fed={fed} />
            </details>
          ))}
        </>
      )}
      <LeftAttention left={weights.left} />
    </>
  );
}

function Fed({ fed: { tokens, features } }: { readonly fed: FedByWeights }): JSX.Element {
  const token = ({ text, weight }: FedByWeights['tokens'][0][number]): Entry => ({ name: visible(text), weight });
  const feature = ({ layer, feature: at, weight }: FedByWeights['features'][0][number]): Entry => ({
    name: `layer ${layer} feature ${at}`,
    weight,
  });
  return (
    <div class="circuit-fed">
      <Ends
        title="Tokens"
        help="De-embedding: W_E v, the product of each token’s embedding with this target’s direction."
        most={tokens[0].map(token)}
        least={tokens[1].map(token)}
        none="No table of embeddings is as wide as this direction."
      />
      <Ends
        title="Earlier features"
        help="Pulled back: W_dec v, what one unit of each feature of an earlier layer writes along this target’s direction (its virtual weight)."
        most={features[0].map(feature)}
        least={features[1].map(feature)}
        none="No layer before it has a transcoder."
      />
    </div>
  );
}

interface Entry {
  readonly name: string;
  readonly weight: number;
}

interface EndsProps {
  readonly title: string;
  readonly help: string;
  readonly most: readonly Entry[];
  readonly least: readonly Entry[];
  readonly none: string;
}

function Ends({ title, help, most, least, none }: EndsProps): JSX.Element {
  const list = (entries: readonly Entry[], label: string): JSX.Element => (
    <ol class="circuit-ends" aria-label={label}>
      {entries.map(({ name, weight }) => (
        <li key={name}>
          <span>{name}</span> <span class="numeric muted">{formatNumber(weight)}</span>
        </li>
      ))}
    </ol>
  );
  return (
    <div>
      <h5>
        {title} <Help about={title}>{help}</Help>
      </h5>
      {most.length + least.length === 0 ? (
        <p class="muted">{none}</p>
      ) : (
        <>
          {list(most, `${title} that add most`)}
          {least.length > 0 && <p class="muted">against it:</p>}
          {list(least, `${title} that take away most`)}
        </>
      )}
    </div>
  );
}
