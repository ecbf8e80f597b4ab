/** What other tools would call a dictionary and its model: as the configuration beside it says, else by the names of files. */
import { basename } from 'node:path';
import { displayText } from '../../core/display-text.js';
import type { ExportedSource } from '../../core/features/lists/exported.js';
import { layerOfSource } from '../../core/features/lists/listed.js';
import { readConfiguration } from '../../core/formats/dictionary-configuration.js';
import { statedSite } from '../../core/formats/dictionary-signature.js';
import type { Graph } from '../../core/graph/graph.js';
import { findRoles } from '../../core/graph/roles/roles.js';
import type { ModelFile } from '../open-model.js';

const LONGEST = 100;
/** Files that all dictionaries of a tool have: their folders tell them apart. */
const USUAL = /^(sae_weights|sae|ae|model|params|final|weights|cc_weights|state_dict|\d+)$/i;
const ENDING = /\.(safetensors|npz|pt|pth|pkl|pkl\.gz|onnx|onnxtxt)$/i;

/** @param reads the value that it reads. */
export async function dictionarySource(
  { siblings, folder, fileName }: Pick<ModelFile, 'siblings' | 'folder' | 'fileName'>,
  graph: Graph,
  reads: string,
  modelFile: string,
): Promise<ExportedSource> {
  const configuration = await readConfiguration(siblings);
  const said = (...keys: readonly string[]): string | undefined => {
    const value = configuration.first(...keys)?.value;
    return value === undefined || value === null || value === '' ? undefined : displayText(String(value), LONGEST);
  };
  // "gpt2-small/6-res_scefr-ajt", in configurations of SAELens.
  const [, model, source] = /^([^/]+)\/([^/]+)$/.exec(said('neuronpedia_id', 'metadata.neuronpedia_id') ?? '') ?? [];
  const stem = fileName.replace(ENDING, '');
  const site = statedSite(configuration)?.value;
  const stated = site === undefined ? undefined : displayText(String(site), LONGEST);
  const hook = findRoles(graph).points.find((point) => point.value === reads)?.hooks[0] ?? stated;
  const layer =
    (source === undefined ? undefined : layerOfSource(source)) ??
    numberOf(said('hook_layer', 'metadata.hook_layer', 'layer', 'trainer.layer')) ??
    numberOf(/(?:^|\.)(?:blocks|layers|h)\.(\d+)(?:\.|$)/.exec(hook ?? '')?.[1]);
  return {
    modelId: model ?? said('model_name', 'metadata.model_name', 'trainer.lm_name') ?? modelFile.replace(ENDING, ''),
    sourceId: source ?? displayText(USUAL.test(stem) ? basename(folder) : stem, LONGEST),
    ...(layer === undefined ? {} : { layer }),
    ...(hook === undefined ? {} : { hookName: hook }),
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
