import { basename, extname, resolve } from 'node:path';
import type { PruningPreview, UnitSource } from '../protocol/pruning.js';
import { keptText, SOURCE_NAMES } from '../core/pruning/words.js';
import { openInspection, type CliOptions } from './open.js';
import { shareBar } from './terminal.js';

export interface PruneOptions extends CliOptions {
  readonly sources: readonly UnitSource[];
  readonly out?: string;
  /** Says what could be removed; nothing is written. */
  readonly preview: boolean;
  readonly json: boolean;
}

/**
 * Writes the model without units that do nothing, after it gave the same as the original.
 *
 * @returns the exit code
 * @throws ProblemError why nothing can be removed or written
 */
export async function pruneCommand({ sources, out, preview, json, ...options }: PruneOptions): Promise<number> {
  const { inspection } = await openInspection(options);
  const stopping = new AbortController();
  const onInterrupt = (): void => stopping.abort();
  process.once('SIGINT', onInterrupt);
  try {
    if (preview) {
      const found = await inspection.pruningPreview({ sources }, stopping.signal);
      process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : previewText(found));
      return 0;
    }
    const path = resolve(out ?? `${basename(options.model, extname(options.model))}.pruned.onnx`);
    const bar = shareBar('Pruning');
    const written = await inspection.writePruned({ sources, path, replace: false }, stopping.signal, bar.show);
    bar.end();
    if (json) process.stdout.write(`${JSON.stringify(written, undefined, 2)}\n`);
    else {
      const beside = written.externalName === undefined ? '' : `, weights in ${written.externalName}`;
      process.stdout.write(`${previewText(written.preview)}\nProof: ${written.proof.sentence}\n`);
      if (written.proof.withoutData !== undefined)
        process.stdout.write(`Not run on the inputs of the model: ${written.proof.withoutData}\n`);
      process.stdout.write(`Written: ${path} (${written.bytes.toLocaleString('en-US')} bytes${beside})\n`);
    }
    return 0;
  } finally {
    process.off('SIGINT', onInterrupt);
    await inspection.close({});
  }
}

function previewText({ sources, layers, kept, sentence, proven, check }: PruningPreview): string {
  const lines = [
    ...sources.map(({ source, units, text }) => `${SOURCE_NAMES[source]}: ${units} (${text})`),
    '',
    ...[sentence, proven, check].filter((text) => text !== ''),
    ...layers.map(({ label, removed, units }) => `  ${label}: ${removed} of ${units}`),
    ...kept.map((each) => `  ${keptText(each)}`),
  ];
  return `${lines.join('\n')}\n`;
}
