/** Gathers what the report shows from the open model. */
import { NO_CONTROLS, type Controls } from '../../core/controls/control.js';
import type { Dataset } from '../../core/dataset/dataset.js';
import { initialExpansion } from '../../core/graph/picture/first-picture.js';
import { layoutGraph } from '../../core/graph/picture/layout.js';
import { overview } from '../../core/graph/overview.js';
import type { GraphPicture } from '../../core/graph/description.js';
import type { FileResult, RunResult } from '../../core/passes/result.js';
import type { PassDescription } from '../../protocol/model.js';
import type { PruningReport } from '../../protocol/pruning.js';
import type { Inputs } from '../inputs.js';
import type { ModelFile, Network } from '../open-model.js';
import { unitDetail } from '../results.js';
import { reportLayers } from './layers.js';
import type { ReportContents } from './report.js';
import type { ReportUnit } from './units.js';

/** Layers beyond these get no unit of their own in the report: it stays a page that one scrolls through. */
const LAYERS_SHOWN = 12;
const EXAMPLES_SHOWN = 6;

export interface ReportSubject {
  readonly file: ModelFile;
  readonly passes: readonly PassDescription[];
  /** Absent where the file holds weights only. */
  readonly inputs?: Inputs;
  readonly result?: RunResult;
  readonly controls?: Controls;
  readonly fileResult?: FileResult;
  /** The inputs that the result rests on. */
  readonly dataset?: Dataset;
  readonly pruning?: PruningReport;
}

export async function reportContents(
  { file, passes, inputs, result, controls = NO_CONTROLS, fileResult, dataset, pruning }: ReportSubject,
  signal?: AbortSignal,
): Promise<ReportContents> {
  const { fileName, weights, network } = file;
  return {
    overview: overview(fileName, weights, network?.graph, network?.problems, file.dictionary),
    inputs: inputs?.description(),
    passes,
    graph: network && (await pictureOf(network, signal)),
    layers: reportLayers(network, result),
    fileResult,
    pruning,
    controls,
    units: result === undefined || dataset === undefined ? [] : await mostActiveUnits(result, dataset),
    ...(result === undefined ? {} : { result }),
  };
}

function pictureOf({ graph, tree }: Network, signal: AbortSignal | undefined): Promise<GraphPicture> {
  return layoutGraph({ graph, tree, expanded: initialExpansion(tree), signal });
}

/** The unit with the largest activation of each layer: the one that a reader would click first. */
async function mostActiveUnits(result: RunResult, dataset: Dataset): Promise<ReportUnit[]> {
  const shown: ReportUnit[] = [];
  const maxima = result.passes.flatMap(({ unitMetrics }) => unitMetrics).find(({ id }) => id === 'unit-maximum');
  if (maxima === undefined) return shown;
  for (const { value, label, unitWord } of spread(result.layers, LAYERS_SHOWN)) {
    const values = maxima.values[value];
    if (values === undefined) continue;
    const unit = values.reduce(
      (best, candidate, index) =>
        !(candidate <= (values[best] as number)) && Number.isFinite(candidate) ? index : best,
      0,
    );
    const detail = unitDetail(result, value, unit);
    const examples = await Promise.all(
      detail.top.slice(0, EXAMPLES_SHOWN).map(async ({ index, value: activation }) => {
        const preview = await dataset.preview(index);
        const name = dataset.label(index);
        return { preview: name === undefined ? preview : { ...preview, label: name }, value: activation };
      }),
    );
    shown.push({ title: `${label} · ${unitWord.replace(/s$/, '')} ${unit}`, detail, examples });
  }
  return shown;
}

/** At most `limit` entries, evenly over the list, first and last among them. */
function spread<T>(list: readonly T[], limit: number): T[] {
  if (list.length <= limit) return [...list];
  return Array.from({ length: limit }, (_, index) => list[Math.round((index * (list.length - 1)) / (limit - 1))] as T);
}
