/** A node of the graph: its operator, what goes in and out, its attributes. */
import type { JSX } from 'preact';
import type { GraphItem, GraphNodeDetail } from '../../src/protocol/model.js';
import { TextButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { formatCount, formatQuantity } from '../format/numbers.js';
import { formatShape, operatorName } from '../format/words.js';
import { chooseLayerMetric, layerLabel } from '../state/metrics.js';
import { PathFromHere } from '../graph/path-bar.js';
import { CutHere } from '../linear/cut-here.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { typedScope } from '../state/graph.js';
import { ui } from '../state/interface-state.js';
import { useResource } from '../state/resource.js';
import { selectLayer, selectTensor } from '../state/selection.js';
import { openedModel } from '../state/session.js';
import { NodeBodies } from './node-bodies.js';
import { NodeRoles } from './node-roles.js';
import { OperatorDocumentation } from './operator-documentation.js';

const LAYERS_SHOWN = 60;

export function NodePage({ id }: { id: string }): JSX.Element {
  const node = useResource((signal) => host.node({ id }, signal), [openedModel.value, id, typedScope.value], true);
  return (
    <section class="node-page">
      {node.error && <ProblemBox problem={node.error} action="Try again" onAction={node.retry} />}
      {node.loading && node.value?.id !== id && <Spinner label="Reading the node" />}
      {node.value?.id === id && <NodeDetail node={node.value} />}
    </section>
  );
}

function NodeDetail({ node }: { node: GraphNodeDetail }): JSX.Element {
  return (
    <>
      <header class="panel-title">
        <div>
          <h2>{node.title}</h2>
          <div class="muted">
            {operatorName(node.domain, node.operator)}
            {node.parameters > 0 && `, ${formatCount(node.parameters)} parameters`}
          </div>
          {node.module.length > 0 && <div class="muted">in {node.module.join(' › ')}</div>}
          {ui.graphScope.value === '' && <PathFromHere id={node.id} label={node.title} />}
        </div>
      </header>
      <NodeRoles roles={node.roles} />
      <CutHere node={node} />
      <NodeBodies bodies={node.bodies} />
      <Ports title="Goes in" ports={node.inputs} />
      <Ports title="Comes out" ports={node.outputs.map((output) => ({ ...output, constant: false }))} />
      {node.attributes.length > 0 && (
        <div class="tensors">
          <h3>Attributes</h3>
          <dl class="facts">
            {node.attributes.map(({ name, value }) => (
              <>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </>
            ))}
          </dl>
        </div>
      )}
      <OperatorDocumentation id={node.id} domain={node.domain} operator={node.operator} />
    </>
  );
}

function Ports({ title, ports }: { title: string; ports: GraphNodeDetail['inputs'] }): JSX.Element | null {
  if (ports.length === 0) return null;
  return (
    <div class="tensors">
      <h3>{title}</h3>
      <ul>
        {ports.map(({ name, type, shape, constant, tensor }) => (
          <li key={name}>
            <span class="tensor-name">
              {tensor === undefined ? (
                name
              ) : (
                <TextButton title="Show its values" onClick={() => selectTensor(tensor)}>
                  {name}
                </TextButton>
              )}
            </span>
            <span class="tensor-shape">{formatShape(shape)}</span>
            <span class="tensor-type">{constant ? `${type}, weights` : type}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A module: what it holds. */
export function ModulePage({ item }: { item: GraphItem }): JSX.Element {
  const metric = chooseLayerMetric(ui.graphMetric.value);
  return (
    <article class="layer-page" aria-label={`Module ${item.label}`}>
      <header class="panel-title">
        <div>
          <h2>{item.label}</h2>
          <div class="muted">
            {item.caption}
            {item.parameters > 0 && `, ${formatCount(item.parameters)} parameters`}
          </div>
          <PathFromHere id={item.id} label={item.label} />
        </div>
      </header>
      {item.layers.length > 0 && (
        <table class="table statistics" aria-label={`Layers in ${item.label}`}>
          <thead>
            <tr>
              <th>Activation layer</th>
              {metric && <th class="numeric">{metric.label}</th>}
            </tr>
          </thead>
          <tbody>
            {item.layers.slice(0, LAYERS_SHOWN).map((layer) => (
              <tr key={layer}>
                <td>
                  <button type="button" class="text-button" onClick={() => selectLayer(layer)}>
                    {layerLabel(layer)}
                  </button>
                </td>
                {metric && <td class="numeric">{formatQuantity(metric.format, metric.values[layer])}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {item.layers.length > LAYERS_SHOWN && <p class="note">and {item.layers.length - LAYERS_SHOWN} more</p>}
      {item.kind === 'module' && item.layers.length === 0 && (
        <p class="note">No activation layer lies in this module.</p>
      )}
    </article>
  );
}
