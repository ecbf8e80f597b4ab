/** Lists of features: the one that was just read, and what was exported last. */
import { signal } from '@preact/signals';
import { asProblem, type Problem } from '../../src/core/errors.js';
import type {
  FeatureExport,
  FeatureExportAnswer,
  FeatureListAnswer,
  LabelsRequest,
} from '../../src/protocol/feature-lists.js';
import { host } from './channel.js';
import { featureLabels } from './feature-labels.js';

export interface ListWork {
  /** What is done now, for people. */
  readonly running?: string;
  readonly problem?: Problem;
  /** Read, and not yet taken or let go. */
  readonly list?: FeatureListAnswer;
  readonly exported?: FeatureExportAnswer;
}

export const listWork = signal<ListWork>({});

async function work(running: string, ask: () => Promise<ListWork>): Promise<void> {
  listWork.value = { running };
  try {
    listWork.value = await ask();
  } catch (error) {
    listWork.value = { problem: asProblem(error) };
  }
}

/** @param text what was typed; absent: the host asks for a file. */
export function readList(text?: string): Promise<void> {
  return work('Reading the list', async () => {
    const list = await host.readFeatureList(text === undefined ? {} : { text });
    return list === undefined ? {} : { list };
  });
}

export function exportFeatures(request: FeatureExport): Promise<void> {
  return work('Exporting features', async () => {
    const exported = await host.exportFeatures(request);
    return exported === undefined ? {} : { exported };
  });
}

/** Names of a list join the person’s; the list is let go then. */
export function takeNames(request: LabelsRequest): Promise<void> {
  return work('Writing the names', async () => {
    featureLabels.value = await host.takeLabels(request);
    return {};
  });
}

export function letGo(): void {
  listWork.value = {};
}
