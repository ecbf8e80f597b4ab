/** What the page may ask of the worker: the host passes these on as they are. */
import type { WorkerApi } from './worker-api.js';

export const QUESTIONS = [
  'graph',
  'typesInferred',
  'node',
  'modulesAround',
  'search',
  'completions',
  'path',
  'documentation',
  'interchange',
  'unitMetric',
  'exampleTile',
  'positionMap',
  'layerHistogram',
  'unit',
  'example',
  'tensors',
  'tensorDetail',
  'tensorStatistics',
  'tensorTile',
  'tensorValues',
  'tensorNorms',
  'tensorDuplicates',
  'tensorSingularValues',
  'linearCuts',
  'linearSystem',
  'linearVotes',
  'linearRow',
  'linearColumn',
  'linearSingular',
  'linearFold',
  'attribute',
  'patch',
] as const satisfies readonly (keyof WorkerApi)[];

export type Question = (typeof QUESTIONS)[number];
