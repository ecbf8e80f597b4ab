/** The heatmap's two matrices: units × layers, and for one layer units × examples. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { framedPng } from '../charts/picture.js';
import { IconButton } from '../controls/button.js';
import { Tabs } from '../controls/tabs.js';
import { fileName } from '../format/words.js';
import type { HeatmapActions } from '../heatmap/heatmap.js';
import { restsOn } from '../shell/rests-on.js';
import { save, useExportable } from '../state/exports.js';
import { ui } from '../state/interface-state.js';
import { result } from '../state/session.js';
import { UnitsByExamples } from './units-by-examples.js';
import { UnitsByLayers } from './units-by-layers.js';

const ZOOM_STEP = 1.5;

export function HeatmapView(): JSX.Element {
  const actions = useRef<HeatmapActions>();
  const mode = ui.heatmapMode.value;
  const exportable = {
    suggestedName: fileName(mode === 'layers' ? 'units-by-layers' : 'units-by-examples', 'png'),
    make: () => {
      const canvas = actions.current?.canvas();
      const title = mode === 'layers' ? 'Units of every layer' : 'Units of one layer on each input';
      return canvas ? framedPng(canvas, title, restsOn(result.peek())) : new Uint8Array();
    },
  };
  const touched = useExportable(exportable);
  const tools = (
    <span class="tool-group">
      <IconButton icon="minus" label="Zoom out (−)" onClick={() => actions.current?.zoom(1 / ZOOM_STEP)} />
      <IconButton icon="plus" label="Zoom in (+)" onClick={() => actions.current?.zoom(ZOOM_STEP)} />
      <IconButton icon="fit" label="Show all (0)" onClick={() => actions.current?.fit()} />
      <IconButton icon="save" label="Save as PNG" onClick={() => void save(exportable)} />
    </span>
  );
  const modes = (
    <Tabs
      label="Matrix"
      kind="segments"
      tabs={[
        { name: 'layers', label: 'Units × layers' },
        { name: 'examples', label: 'Units × inputs' },
      ]}
      active={mode}
      onChange={(next) => (ui.heatmapMode.value = next)}
    />
  );
  return (
    <section class="heatmap-view" aria-label="Heatmap" onPointerDown={touched} onFocusCapture={touched}>
      {mode === 'layers' ? (
        <UnitsByLayers actions={actions} modes={modes} tools={tools} />
      ) : (
        <UnitsByExamples actions={actions} modes={modes} tools={tools} />
      )}
    </section>
  );
}
