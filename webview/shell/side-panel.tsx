/** What is selected, beside every view. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { IconButton } from '../controls/button.js';
import { selectedItem } from '../state/graph.js';
import { ui } from '../state/interface-state.js';
import { layersByValue } from '../state/metrics.js';
import { clearSelection, selection } from '../state/selection.js';
import { TensorPage } from '../tensor/tensor-page.js';
import { LayerPage } from '../unit/layer-page.js';
import { ModulePage, NodePage } from '../unit/node-page.js';
import { UnitPage } from '../unit/unit-page.js';

const NARROWEST_PX = 300;
const WIDEST_PX = 900;
const KEY_STEP_PX = 24;

export function SidePanel(): JSX.Element | null {
  const content = panelContent();
  if (content === null) return null;
  return (
    <>
      <Splitter />
      <aside class="side-panel" aria-label="Selection" style={{ '--panel-width': `${ui.panelWidth.value}px` }}>
        <div class="side-panel-close">
          <IconButton icon="close" label="Close" onClick={clearSelection} />
        </div>
        {content}
      </aside>
    </>
  );
}

function panelContent(): JSX.Element | null {
  const { layer: layerValue, unit, tensor } = selection.value;
  if (tensor !== undefined) return <TensorPage index={tensor} />;
  const item = selectedItem.value;
  const layer = layerValue === undefined ? undefined : layersByValue.value.get(layerValue);
  if (layer !== undefined && unit !== undefined && unit < layer.units) return <UnitPage layer={layer} unit={unit} />;
  const nodeId = item?.kind === 'node' ? item.id : undefined;
  if (layer !== undefined) {
    return (
      <>
        <LayerPage layer={layer} />
        {nodeId !== undefined && <NodePage id={nodeId} />}
      </>
    );
  }
  if (nodeId !== undefined) return <NodePage id={nodeId} />;
  return item === undefined ? null : <ModulePage item={item} />;
}

/** Dragged, or moved with the arrow keys. */
function Splitter(): JSX.Element {
  const start = useRef<{ x: number; width: number }>();
  const resize = (width: number): void => {
    ui.panelWidth.value = Math.round(Math.min(WIDEST_PX, Math.max(NARROWEST_PX, width)));
  };
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the selection panel"
      aria-valuenow={ui.panelWidth.value}
      aria-valuemin={NARROWEST_PX}
      aria-valuemax={WIDEST_PX}
      tabIndex={0}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width: ui.panelWidth.peek() };
      }}
      onPointerMove={(event) => start.current && resize(start.current.width + start.current.x - event.clientX)}
      onPointerUp={() => (start.current = undefined)}
      onPointerCancel={() => (start.current = undefined)}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') resize(ui.panelWidth.peek() + KEY_STEP_PX);
        if (event.key === 'ArrowRight') resize(ui.panelWidth.peek() - KEY_STEP_PX);
      }}
    />
  );
}
