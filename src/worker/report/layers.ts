/** Layers as the report names them: as the run saw them, or as the graph has them where nothing was run. */
import type { LayerSummary, RunResult } from '../../core/passes/result.js';
import type { Network } from '../open-model.js';

export interface ReportLayer extends Pick<LayerSummary, 'value' | 'label' | 'operator' | 'unitWord'> {
  /** Known from a run. */
  readonly units?: number;
}

export function reportLayers(network: Network | undefined, result: RunResult | undefined): readonly ReportLayer[] {
  const seen = new Map<string, ReportLayer>((result?.layers ?? []).map((layer) => [layer.value, layer]));
  for (const { value, label, operator } of network?.layers ?? [])
    if (!seen.has(value)) seen.set(value, { value, label, operator, unitWord: 'units' });
  return [...seen.values()];
}
