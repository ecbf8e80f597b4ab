/** What the page and the trees show of a model's structure. */
export type { Dictionary } from '../core/formats/dictionary-signature.js';
export type { NamedValueType as NamedTensorType, ValueType as TensorType } from '../core/graph/value-type.js';
export type {
  GraphEdge,
  GraphItem,
  GraphNodeDetail,
  GraphPicture,
  ModelOverview,
  NetworkOverview,
  OutlineEntry,
  ScopeReference,
} from '../core/graph/description.js';

/** A pass as the pick list shows it. */
export interface PassDescription {
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly method: string;
  /** What answers it: inputs that run through the model, or the file alone. */
  readonly over: 'inputs' | 'file';
  /** Of an experiment: how often each input goes through the network, about. It is started by name only. */
  readonly runsPerInput?: number;
  /** Whether controls run it on N(0, 1) noise, too. */
  readonly comparesNoise?: boolean;
  /** Why it does not apply, if so. */
  readonly reason?: string;
}

/** Passes that a run does where none are named: all that apply, but for experiments, which take as long as many runs. */
export function isInEveryRun({ reason, runsPerInput }: PassDescription): boolean {
  return reason === undefined && runsPerInput === undefined;
}
