/** Opens the dictionary that a person attached to a model: in its own folder, with the answers given for it. */
import { basename, dirname } from 'node:path';
import { realpath } from 'node:fs/promises';
import type { Attachment, Declared } from '../core/dictionary/attach/attached.js';
import { equationLines } from '../core/dictionary/equation.js';
import type { Answers } from '../core/dictionary/facts.js';
import { measuringModel } from '../core/dictionary/graphs/coder-model.js';
import { resolveCoder, type Resolution } from '../core/dictionary/resolve.js';
import { displayText } from '../core/display-text.js';
import { asProblem, ProblemError } from '../core/errors.js';
import { readConfiguration } from '../core/formats/dictionary-configuration.js';
import { openModelFile } from './open-model.js';

export interface AttachRequest {
  /** Absolute path of the dictionary's file. */
  readonly path: string;
  readonly answers: Answers;
}

export interface OpenedAttachment {
  readonly attachment: Attachment;
  /** Changes with the file and the answers. */
  readonly identity: string;
  close(): Promise<void>;
}

/** Never rejects for what is wrong with the dictionary: that is what is told of it. */
export async function openAttachment(
  { path, answers }: AttachRequest,
  signal?: AbortSignal,
): Promise<OpenedAttachment> {
  const name = displayText(basename(path), 100);
  const failed = (reason: string): OpenedAttachment => ({
    attachment: { state: 'failed', name, reason },
    identity: `${path} ${reason}`,
    close: async () => undefined,
  });
  try {
    const file = await openModelFile(path, signal);
    if (file.dictionary === undefined) {
      await file.close();
      return failed('It is not recognised as a dictionary.');
    }
    const resolution = await resolveCoder(file.dictionary, file.weights, file.siblings, answers, signal);
    const close = async (): Promise<void> => {
      await resolution.close();
      await file.close();
    };
    if (resolution.state !== 'resolved') {
      await close();
      return failed(reasonOf(resolution));
    }
    const { coder } = resolution;
    const model = await measuringModel(coder, file.weights, file.folder);
    const declared = await declaredOf(await realpath(path), file.siblings, resolution);
    return {
      attachment: { state: 'attached', attached: { name, coder, equation: equationLines(coder), model, declared } },
      identity: JSON.stringify([file.identity, answers]),
      close,
    };
  } catch (error) {
    if (error instanceof ProblemError) return failed(asProblem(error).message);
    throw error;
  }
}

function reasonOf(resolution: Exclude<Resolution, { state: 'resolved' }>): string {
  if (resolution.state === 'failed') return resolution.problem.message;
  const open = resolution.questions.map((question) => question.switch).join(', ');
  return `Its file leaves open: ${open}. Open the dictionary itself and answer what is asked there.`;
}

/** Gemma Scope names folders after it, top-k dictionaries have it as k. */
async function declaredOf(
  path: string,
  siblings: Parameters<typeof readConfiguration>[0],
  { coder }: Extract<Resolution, { state: 'resolved' }>,
): Promise<Declared> {
  const configuration = await readConfiguration(siblings);
  const site = configuration.first(
    'hook_name',
    'metadata.hook_name',
    'hook_point',
    'hook_point_in',
    'feature_input_hook',
    'trainer.submodule_name',
  );
  const folder = /average_l0_(\d+)/.exec(dirname(path));
  const { activation } = coder;
  const l0 =
    folder !== null
      ? { value: Number(folder[1]), because: `Its folder is “${displayText(folder[0], 60)}”.` }
      : activation.kind === 'topk'
        ? { value: activation.k, because: 'It keeps the k largest.' }
        : undefined;
  return {
    ...(l0 === undefined ? {} : { l0 }),
    ...(site === undefined ? {} : { site: displayText(String(site.value), 100) }),
  };
}
