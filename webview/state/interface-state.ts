/** What a person arranged on the page. Survives hiding, moving and restarting; owned by this webview only. */
import { effect, signal, type Signal } from '@preact/signals';
import type { Reduction } from '../../src/core/weights/picture.js';
import type { Baseline, EstimateKind, PatchDirection, PatternRule } from '../../src/protocol/attribution.js';
import type { SystemCut } from '../../src/protocol/linear.js';
import type { PageTab } from '../../src/protocol/page-api.js';
import type { Selection } from '../../src/protocol/selection.js';
import type { PromptSource, Rank } from '../../src/protocol/steering.js';
import type { CircuitView } from '../circuits/circuit-view.js';
import { FIRST_FORM, type CircuitForm } from '../circuits/form.js';
import type { FeatureFilter } from '../features/rows.js';
import { NO_STEERING, type SteeringChoices } from '../features/steering-choices.js';
import { vscode } from './channel.js';

/** Raised when a field changes its meaning; an older state is then forgotten. */
const VERSION = 1;
const SAVE_DELAY_MS = 200;

/** Parts of the linear interpreter. */
export type LinearPart =
  'votes' | 'ledger' | 'attribution' | 'patching' | 'rows' | 'singular' | 'backwards' | 'compare' | 'many';

export interface TableSort {
  readonly column: string;
  readonly descending: boolean;
}

/** How the picture of one graph of the model was left. */
export interface ScopeView {
  readonly expanded: InterfaceState['expanded'];
  readonly graphView: InterfaceState['graphView'];
}

export interface InterfaceState {
  readonly tab: PageTab;
  /** Open modules of the graph; undefined until a person opened or closed one. */
  readonly expanded: readonly string[] | undefined;
  /** The body that the graph shows; "" for the main graph. */
  readonly graphScope: string;
  /** How other graphs of the model were left, by their scopes. */
  readonly scopeViews: Readonly<Record<string, ScopeView>>;
  /** Scale, then the translation in CSS pixels; undefined: fitted. */
  readonly graphView: readonly [number, number, number] | undefined;
  /** Layer metric, or "parameters". */
  readonly graphMetric: string | undefined;
  /** What is searched for in the graph. */
  readonly graphQuery: string;
  readonly heatmapMode: 'layers' | 'examples';
  readonly unitMetric: string | undefined;
  readonly exampleMetric: string | undefined;
  readonly unitOrder: 'index' | 'value';
  readonly pass: string | undefined;
  readonly weightsMode: 'table' | 'modules' | 'map';
  readonly weightsFilter: string;
  /** What colours the map of weights: a tensor metric, or "type". */
  readonly weightsColor: string | undefined;
  /** Module that fills the map of weights. */
  readonly weightsModule: string;
  /** Parts of pages that a person unfolded, by name. */
  readonly openParts: readonly string[];
  /** How blocks of a picture of weights become cells. */
  readonly pictureBlocks: Reduction;
  /** What the histogram of weights counts, and whether its counts are on a logarithmic scale. */
  readonly weightHistogram: 'values' | 'magnitudes';
  readonly logarithmicCounts: boolean;
  /** Sort of each table by the table's name. */
  readonly sorts: Readonly<Record<string, TableSort>>;
  readonly overlay: boolean;
  /** Input that the linear system stands for, and the one it is compared with; undefined: the next one. */
  readonly linearExample: number;
  readonly linearSecond: number | undefined;
  readonly linearCut: SystemCut;
  /** Undefined until a person chose one: what fits the output. */
  readonly linearPart: LinearPart | undefined;
  /** Elements of a value that are explained; undefined: those with the largest values. */
  readonly linearOutputs: { readonly to: string; readonly outputs: readonly number[] } | undefined;
  /** The row and the column that were looked at last. */
  readonly linearRow: { readonly to: string; readonly output: number } | undefined;
  readonly linearColumn: { readonly from: string; readonly input: number } | undefined;
  readonly linearOverlay: boolean;
  /** Small patterns are shown close up. */
  readonly linearCloseUp: boolean;
  /** Rows follow the pointer; undefined: where both ends are images. */
  readonly linearLive: boolean | undefined;
  /** How channels at each end are drawn: "together" (in colour, or their sum), "sum", or the number of one. */
  readonly linearChannels: { readonly from: string; readonly to: string };
  readonly singularCount: number;
  readonly foldedInputs: number | undefined;
  /** Integrated gradients: steps, where they begin, and the other input that they may begin at; undefined: the next one. */
  readonly attributionSteps: number;
  readonly attributionBaseline: Baseline['kind'];
  readonly attributionOther: number | undefined;
  /** What relevance does with softmaxes. */
  readonly attributionPatterns: PatternRule;
  /** What patching measures: an element of a value, and one that is taken off it; undefined: the largest two. */
  readonly patchMetric: { readonly to: string; readonly output: number; readonly minus?: number } | undefined;
  readonly patchDirection: PatchDirection;
  readonly patchEstimate: EstimateKind;
  readonly patchNormalised: boolean;
  /** Which features the table shows, and the one whose page is open. */
  readonly featureFilter: FeatureFilter;
  readonly feature: number | undefined;
  readonly featurePart: 'all' | 'prompt';
  /** The text, or the input, whose features are looked at; undefined: none yet. */
  readonly prompt: PromptSource | undefined;
  readonly promptRank: Rank;
  readonly steering: SteeringChoices;
  /** What a circuit is asked of. */
  readonly circuit: CircuitForm;
  /** How the circuit looked at last was left. */
  readonly circuitView: CircuitView | undefined;
  readonly panelWidth: number;
  readonly selection: Selection;
}

const INITIAL: InterfaceState = {
  tab: 'overview',
  expanded: undefined,
  graphScope: '',
  scopeViews: {},
  graphView: undefined,
  graphMetric: undefined,
  graphQuery: '',
  heatmapMode: 'layers',
  unitMetric: undefined,
  exampleMetric: undefined,
  unitOrder: 'index',
  pass: undefined,
  weightsMode: 'table',
  weightsFilter: '',
  weightsColor: undefined,
  weightsModule: '',
  openParts: [],
  pictureBlocks: 'mean',
  weightHistogram: 'values',
  logarithmicCounts: false,
  sorts: {},
  overlay: true,
  linearExample: 0,
  linearSecond: undefined,
  linearCut: { reading: 'frozen' },
  linearPart: undefined,
  linearOutputs: undefined,
  linearRow: undefined,
  linearColumn: undefined,
  linearOverlay: false,
  linearCloseUp: true,
  linearLive: undefined,
  linearChannels: { from: 'together', to: 'together' },
  singularCount: 4,
  foldedInputs: undefined,
  attributionSteps: 50,
  attributionBaseline: 'zeros',
  attributionOther: undefined,
  attributionPatterns: 'tangent',
  patchMetric: undefined,
  patchDirection: 'denoise',
  patchEstimate: 'corrupt',
  patchNormalised: true,
  featureFilter: { text: '', firing: 'all' },
  feature: undefined,
  featurePart: 'all',
  prompt: undefined,
  promptRank: 'activation',
  steering: NO_STEERING,
  circuit: FIRST_FORM,
  circuitView: undefined,
  panelWidth: 400,
  selection: {},
};

type Signals = { readonly [K in keyof InterfaceState]: Signal<InterfaceState[K]> };

/** One signal per field: a component re-renders only for what it reads. */
export const ui: Signals = createSignals(restore());

function createSignals(state: InterfaceState): Signals {
  const entries = Object.entries(state).map(([name, value]) => [name, signal<unknown>(value)]);
  return Object.fromEntries(entries) as Signals;
}

function restore(): InterfaceState {
  const stored = vscode.getState();
  if (typeof stored !== 'object' || stored === null) return INITIAL;
  const { version, state } = stored as { version?: unknown; state?: Partial<InterfaceState> };
  return version === VERSION ? { ...INITIAL, ...state } : INITIAL;
}

/** Saves every change, a moment later, so that dragging does not write at every frame. */
export function keepInterfaceState(): void {
  let timer: number | undefined;
  effect(() => {
    const state = Object.fromEntries(Object.entries(ui).map(([name, field]) => [name, field.value]));
    clearTimeout(timer);
    timer = window.setTimeout(() => vscode.setState({ version: VERSION, state }), SAVE_DELAY_MS);
  });
}
