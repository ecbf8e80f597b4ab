/** Opens the dictionary that a person attached to a model: in its own folder, with the answers given for it. */
import { basename, dirname, join } from 'node:path';
import { realpath } from 'node:fs/promises';
import type { Attachment, Declared } from '../core/dictionary/attach/attached.js';
import { declaredDensity, l0Of } from '../core/dictionary/attach/declared-density.js';
import { statedPlaces } from '../core/dictionary/attach/stated-places.js';
import type { Coder } from '../core/dictionary/coder.js';
import { equationLines } from '../core/dictionary/equation.js';
import type { Answers } from '../core/dictionary/facts.js';
import { pursuitModel } from '../core/dictionary/error/gradient-pursuit.js';
import { measuringModel } from '../core/dictionary/graphs/coder-model.js';
import { assertOnePlace } from '../core/dictionary/one-place.js';
import { displayText } from '../core/display-text.js';
import { ProblemError } from '../core/errors.js';
import { readConfiguration } from '../core/formats/dictionary-configuration.js';
import type { RunnableModel } from '../core/formats/onnx/runnable-model.js';
import type { AttachedDescription } from '../protocol/dictionary.js';
import { openDictionary, type OpenedDictionary } from './open-dictionary.js';
import type { ModelFile } from './open-model.js';

export interface AttachRequest {
  /** Absolute path of the dictionary's file. */
  readonly path: string;
  readonly answers: Answers;
}

export interface OpenedAttachment {
  readonly attachment: Attachment;
  /** Changes with the file, the answers, and what is stated beside it. */
  readonly identity: string;
  close(): Promise<void>;
}

/** Never rejects for what is wrong with the dictionary: that is what is told of it. */
export async function openAttachment(
  { path, answers }: AttachRequest,
  signal?: AbortSignal,
): Promise<OpenedAttachment> {
  const name = displayText(basename(path), 100);
  let opened: OpenedDictionary | undefined;
  try {
    opened = await openDictionary(path, answers, signal);
    const { coder, file, close } = opened;
    assertOnePlace(coder);
    const model = (): Promise<RunnableModel> => measuringModel(coder, file.weights, file.folder);
    const pursuit = (): Promise<RunnableModel> => pursuitModel(coder, file.weights, file.folder);
    const declared = await declaredOf(await told(path, file), file.siblings, coder);
    const equation = equationLines(coder);
    return {
      attachment: { state: 'attached', attached: { name, coder, equation, model, pursuit, declared } },
      // What its file does not say, files beside it do, and these may change.
      identity: JSON.stringify([file.identity, answers, equation, declared]),
      close,
    };
  } catch (error) {
    await opened?.close();
    if (!(error instanceof ProblemError)) throw error;
    const { message, remedy } = error.problem;
    const reason = remedy === undefined ? message : `${message} ${remedy}`;
    return {
      attachment: { state: 'failed', name, reason },
      identity: `${path} ${reason}`,
      close: async () => undefined,
    };
  }
}

export function attachedDescription(attachment: Attachment): AttachedDescription {
  if (attachment.state === 'failed') return { name: attachment.name, problem: attachment.reason };
  const { name, equation } = attachment.attached;
  return { name, equation };
}

/** The path whose names tell of the dictionary: in a model cache that of the link, for files there are called by hashes. */
async function told(path: string, { folder }: Pick<ModelFile, 'folder'>): Promise<string> {
  const file = await realpath(path);
  return dirname(file) === folder ? file : join(folder, basename(path));
}

/** Gemma Scope names folders after it, SAELens saves how often each feature fires, top-k dictionaries have it as k. */
async function declaredOf(
  path: string,
  siblings: Parameters<typeof readConfiguration>[0],
  coder: Coder,
): Promise<Declared> {
  const configuration = await readConfiguration(siblings);
  const folder = /average_l0_(\d+)/.exec(dirname(path));
  const density = await declaredDensity(siblings, coder.features);
  const { activation } = coder;
  const l0 =
    folder !== null
      ? { value: Number(folder[1]), because: `Its folder is “${displayText(folder[0], 60)}”.` }
      : density !== undefined
        ? l0Of(density)
        : activation.kind === 'topk'
          ? { value: activation.k, because: 'It keeps the k largest.' }
          : undefined;
  return {
    ...(l0 === undefined ? {} : { l0 }),
    sites: statedPlaces(configuration, path).reads,
  };
}
