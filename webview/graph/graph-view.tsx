/** The centre of the page: the graph, collapsed by module and coloured by a value. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { GraphItem, GraphPicture } from '../../src/protocol/model.js';
import { Legend } from '../charts/legend.js';
import { IconButton } from '../controls/button.js';
import { Spinner } from '../controls/fields.js';
import { Select } from '../controls/select.js';
import { hideTooltip, showTooltip } from '../controls/tooltip.js';
import { fileName } from '../format/words.js';
import { ProblemBox } from '../shell/problem-box.js';
import { host } from '../state/channel.js';
import { save, useExportable } from '../state/exports.js';
import { graphPicture, typedScope } from '../state/graph.js';
import { ui } from '../state/interface-state.js';
import { chooseLayerMetric, layerMetrics, layersByValue, metricChoices, nodeMetrics } from '../state/metrics.js';
import { clearPath, endPath, pathStart, shownPath, startPath } from '../state/path.js';
import { useResource } from '../state/resource.js';
import { enterScope, followSelection } from '../state/scope.js';
import { restsOn } from '../shell/rests-on.js';
import { currentMatch, found } from '../state/search.js';
import { clearSelection, selectItem, selection } from '../state/selection.js';
import { fileResult, openedModel, result } from '../state/session.js';
import { theme } from '../theme/theme.js';
import { colorByMetric, colorByNodeMetric, colorByParameters, PARAMETERS, type Coloring } from './coloring.js';
import { graphPngBytes, graphSvgBytes } from './export.js';
import { GraphCanvas, type GraphActions } from './graph-canvas.js';
import { GraphHelp } from './graph-help.js';
import { InterchangeMenu } from './interchange-menu.js';
import { ItemTooltip } from './item-tooltip.js';
import { pathMarks, searchMarks, type Marks } from './marks.js';
import { itemOfSelection } from './neighbours.js';
import { onTrailKey, ScopeTrail } from './scope-trail.js';
import { PathBar } from './path-bar.js';
import { SearchField } from './search/search-field.js';

const TOOLTIP_DELAY_MS = 350;
const ZOOM_STEP = 1.3;

export function GraphView(): JSX.Element {
  const model = openedModel.value;
  const expanded = ui.expanded.value;
  // What passes measured of nodes stands in the items: asked again when more is known.
  const scope = ui.graphScope.value;
  const graph = useResource(
    (signal) => host.graph({ expanded, scope }, signal),
    [model, expanded, scope, fileResult.value, result.value, typedScope.value],
    true,
  );
  const picture = graph.value;
  useInferredTypes(scope, picture !== undefined);
  useEffect(followSelection, [selection.value.item, selection.value.layer]);
  useEffect(() => {
    if (picture !== undefined) graphPicture.value = picture;
  }, [picture]);
  return (
    <section class="graph-panel" aria-label="Graph">
      {graph.error && scope === '' && <ProblemBox problem={graph.error} action="Try again" onAction={graph.retry} />}
      {graph.error && scope !== '' && (
        <ProblemBox problem={graph.error} action="Back to the model" onAction={() => enterScope('')} />
      )}
      {picture === undefined && graph.loading && <Spinner label="Laying out the graph" />}
      {picture && <LaidOutGraph picture={picture} loading={graph.loading} />}
    </section>
  );
}

/** Types and shapes are inferred once the first picture is there; whatever shows them asks again then. */
function useInferredTypes(scope: string, isDrawn: boolean): void {
  const model = openedModel.value;
  const types = useResource(
    isDrawn ? (signal) => host.typesInferred({ scope }, signal).then(() => ({ scope })) : undefined,
    [model, scope, isDrawn],
  );
  useEffect(() => {
    typedScope.value = types.value;
  }, [types.value]);
}

function LaidOutGraph({ picture, loading }: { picture: GraphPicture; loading: boolean }): JSX.Element {
  const actions = useRef<GraphActions>();
  const coloring = useColoring(picture);
  const selected = itemOfSelection(picture, selection.value);
  const name = openedModel.value?.overview.fileName ?? 'model';
  const foot = (): string => `Coloured by ${coloring.quantity.label}; ${restsOn(result.peek())}`;
  const bytesOf = async (format: 'svg' | 'png'): Promise<Uint8Array> => {
    const bytes = await actions.current?.withWhole((svg) =>
      format === 'svg' ? graphSvgBytes(svg, picture, foot()) : graphPngBytes(svg, picture, foot()),
    );
    return bytes ?? new Uint8Array();
  };
  const exportable = (format: 'svg' | 'png') => ({
    suggestedName: fileName(`${name}-graph`, format),
    make: () => bytesOf(format),
  });
  const touched = useExportable(exportable('svg'));
  const point = useDelayedTooltip(coloring);
  const marks = usePictureMarks(picture);
  const openHelp = useRef<() => void>();
  const collapsed = picture.items.filter((item) => item.kind === 'module' && !item.expanded);
  return (
    <div
      class="graph-frame"
      onPointerDown={touched}
      onFocusCapture={touched}
      onKeyDown={onTrailKey}
      aria-busy={loading}
    >
      <div class="toolbar">
        <MetricSelect />
        <span class="spacer-flex" />
        <span class="tool-group">
          <IconButton
            icon="unfold"
            label="Open all visible modules"
            disabled={collapsed.length === 0}
            onClick={() => (ui.expanded.value = [...picture.expanded, ...collapsed.map((item) => item.id)])}
          />
          <IconButton
            icon="collapse"
            label="Close all modules"
            disabled={picture.expanded.length === 0}
            onClick={() => (ui.expanded.value = [])}
          />
        </span>
        <ZoomButtons actions={actions} />
        <SaveButtons onSave={(format) => void save(exportable(format))} />
        <InterchangeMenu coloring={coloring} />
      </div>
      <ScopeTrail trail={picture.trail ?? []} model={name} />
      <SearchField>
        <GraphHelp opener={openHelp} />
      </SearchField>
      <PathBar />
      <GraphCanvas
        picture={picture}
        coloring={coloring}
        selected={selected}
        onSelect={selectItem}
        onToggle={(item) => toggle(picture, item)}
        marks={marks}
        onClear={() => clearPath() || clearSelection()}
        onPick={pathStart.value && ((item) => void endPath(item))}
        onOtherKey={(key, item) => {
          if (key === '?') openHelp.current?.();
          else if (key.toLowerCase() === 'p' && item !== undefined) startPath(item);
          else return false;
          return true;
        }}
        onPoint={point}
        actions={actions}
      />
      <Legend quantity={coloring.quantity} domain={coloring.domain} note={legendNote(coloring)} />
    </div>
  );
}

function MetricSelect(): JSX.Element {
  const ofFile = [...nodeMetrics.value, PARAMETERS];
  const chosen =
    ofFile.find(({ id }) => id === ui.graphMetric.value) ?? chooseLayerMetric(ui.graphMetric.value) ?? PARAMETERS;
  return (
    <Select
      label="Colour by"
      value={chosen.id}
      choices={[
        ...metricChoices((pass) => [...pass.layerMetrics, ...(pass.nodeMetrics ?? [])]),
        { value: PARAMETERS.id, label: PARAMETERS.label, group: 'The file' },
      ]}
      onChange={(id) => (ui.graphMetric.value = id)}
    />
  );
}

const OF_MODULES: Readonly<Record<Coloring['modules'], string>> = {
  mean: 'modules: mean of their layers',
  sum: 'modules: sum of their nodes',
  maximum: 'modules: largest of their nodes',
};

function legendNote({ quantity, modules }: Coloring): string {
  return `${quantity.spread === 'logarithmic' ? 'logarithmic; ' : ''}${OF_MODULES[modules]}`;
}

function ZoomButtons({ actions }: { actions: { current: GraphActions | undefined } }): JSX.Element {
  return (
    <span class="tool-group">
      <IconButton icon="minus" label="Zoom out (−)" onClick={() => actions.current?.zoom(1 / ZOOM_STEP)} />
      <IconButton icon="plus" label="Zoom in (+)" onClick={() => actions.current?.zoom(ZOOM_STEP)} />
      <IconButton icon="fit" label="Show all (0)" onClick={() => actions.current?.fit()} />
    </span>
  );
}

function SaveButtons({ onSave }: { onSave: (format: 'svg' | 'png') => void }): JSX.Element {
  return (
    <span class="tool-group">
      <button type="button" class="text-button" onClick={() => onSave('svg')} title="Save the graph as SVG">
        SVG
      </button>
      <button type="button" class="text-button" onClick={() => onSave('png')} title="Save the graph as PNG">
        PNG
      </button>
    </span>
  );
}

function useColoring(picture: GraphPicture): Coloring {
  const metrics = layerMetrics.value;
  const ofNodes = nodeMetrics.value;
  const layers = layersByValue.value;
  const { dark } = theme.value;
  const id = ui.graphMetric.value;
  return useMemo(() => {
    const ofNode = ofNodes.find((metric) => metric.id === id);
    if (ofNode !== undefined) return colorByNodeMetric(ofNode, picture.items, dark);
    const metric = id === PARAMETERS.id ? undefined : chooseLayerMetric(id);
    return metric === undefined ? colorByParameters(picture.items, dark) : colorByMetric(metric, layers, dark);
  }, [picture, metrics, ofNodes, layers, dark, id]);
}

/** A path stands above a search. */
function usePictureMarks(picture: GraphPicture): Marks | undefined {
  const path = shownPath.value;
  const search = found.value;
  const current = currentMatch.value;
  return useMemo(() => {
    if (path !== undefined) return pathMarks(picture, path.answer, [path.from.id, path.to.id]);
    // Where nothing is found, everything stays as it is.
    const marks = search && searchMarks(picture, search.places, current);
    return marks?.items.size === 0 ? undefined : marks;
  }, [picture, path, search, current]);
}

function toggle(picture: GraphPicture, item: GraphItem): void {
  const [body] = item.bodies ?? [];
  if (body !== undefined) {
    hideTooltip();
    enterScope(body.scope);
  }
  if (item.kind !== 'module') return;
  hideTooltip();
  ui.expanded.value = item.expanded ? picture.expanded.filter((id) => id !== item.id) : [...picture.expanded, item.id];
}

/** Tooltips wait a moment, so that crossing the graph does not flicker. */
function useDelayedTooltip(coloring: Coloring): (item: GraphItem | undefined, anchor: DOMRect) => void {
  const timer = useRef<number>();
  const pointed = useRef<string>();
  useEffect(() => () => clearTimeout(timer.current), []);
  return (item, anchor) => {
    if (item?.id === pointed.current) return;
    pointed.current = item?.id;
    clearTimeout(timer.current);
    hideTooltip();
    if (item === undefined) return;
    timer.current = window.setTimeout(
      () => showTooltip(<ItemTooltip item={item} coloring={coloring} />, anchor),
      TOOLTIP_DELAY_MS,
    );
  };
}
