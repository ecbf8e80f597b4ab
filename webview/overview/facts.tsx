/** What the model is, in one card. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ModelOverview, NamedTensorType, NetworkOverview } from '../../src/protocol/model.js';
import { TextButton } from '../controls/button.js';
import { formatBytes, formatCount } from '../format/numbers.js';
import { formatShape, opsetName } from '../format/words.js';

const OPERATORS_SHOWN = 9;
const TENSORS_SHOWN = 4;

export function Facts({ overview }: { overview: ModelOverview }): JSX.Element {
  const { network, formatName, files, fileBytes, externalBytes, metadata } = overview;
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">Model</h2>
      {network && (
        <>
          <Tensors title="Inputs" tensors={network.inputs} />
          <Tensors title="Outputs" tensors={network.outputs} />
          <Operators network={network} />
        </>
      )}
      <dl class="facts">
        <Fact term="Format" value={formatName} />
        <Fact term="Tensors" value={formatCount(overview.tensors)} />
        {files > 1 && <Fact term="Files" value={formatCount(files)} />}
        {network && <NetworkFacts network={network} />}
        <Fact
          term="On disk"
          value={
            externalBytes > 0
              ? `${formatBytes(fileBytes)} and ${formatBytes(externalBytes)} of weights beside it`
              : formatBytes(fileBytes)
          }
        />
        {metadata.map(({ key, value }) => (
          <Fact key={key} term={key} value={value} />
        ))}
      </dl>
      {network?.docString && <p class="doc-string">{network.docString}</p>}
    </section>
  );
}

function Tensors({ title, tensors }: { title: string; tensors: readonly NamedTensorType[] }): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? tensors : tensors.slice(0, TENSORS_SHOWN);
  return (
    <div class="tensors">
      <h3>{title}</h3>
      <ul>
        {shown.map(({ name, type, shape }) => (
          <li key={name}>
            <span class="tensor-name">{name}</span>
            <span class="tensor-shape">{formatShape(shape)}</span>
            <span class="tensor-type">{type}</span>
          </li>
        ))}
      </ul>
      {tensors.length > shown.length && <TextButton onClick={() => setAll(true)}>All {tensors.length}</TextButton>}
    </div>
  );
}

function NetworkFacts({ network: { opsets, irVersion, producer } }: { network: NetworkOverview }): JSX.Element {
  return (
    <>
      <Fact term="Opset" value={opsets.map(({ domain, version }) => opsetName(domain, version)).join(', ')} />
      <Fact term="IR version" value={String(irVersion)} />
      <Fact term="Producer" value={producer || 'not said'} />
    </>
  );
}

function Operators({ network: { operators, nodes } }: { network: NetworkOverview }): JSX.Element {
  const [all, setAll] = useState(false);
  const shown = all ? operators : operators.slice(0, OPERATORS_SHOWN);
  return (
    <div class="operators">
      <h3>
        {formatCount(nodes)} nodes, {formatCount(operators.length)} operators
      </h3>
      <ul class="chips">
        {shown.map(({ operator, count }) => (
          <li key={operator} class="chip">
            {operator} <span class="chip-count">{formatCount(count)}</span>
          </li>
        ))}
        {operators.length > shown.length && (
          <li>
            <TextButton onClick={() => setAll(true)}>{operators.length - shown.length} more</TextButton>
          </li>
        )}
      </ul>
    </div>
  );
}

function Fact({ term, value }: { term: string; value: string }): JSX.Element {
  return (
    <>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </>
  );
}
