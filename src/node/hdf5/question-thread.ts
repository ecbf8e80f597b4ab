/**
 * The owner's end of the thread with the HDF5 library: one question at a time, each with a limit on how long it may be
 * computed. A library that is lost on a file takes its thread along and nothing else; the next question starts another.
 */
import { Worker } from 'node:worker_threads';
import type { ByteSource } from '../../core/bytes/byte-source.js';
import { displayText } from '../../core/display-text.js';
import { problem, type ProblemError } from '../../core/errors.js';
import {
  CHANNEL_BYTES,
  CHANNEL_HEAD_BYTES,
  READ_DONE,
  READ_FAILED,
  type Hdf5Answer,
  type Hdf5Contents,
  type Hdf5File,
  type Hdf5Question,
  type Hdf5Said,
  type Hdf5ThreadData,
} from './messages.js';

export interface ValuesQuestion {
  readonly path: string;
  readonly dims: readonly number[];
  readonly elementBytes: number;
  readonly start: number;
  readonly count: number;
}

/** A file as the thread knows it. */
export interface Hdf5Questions {
  /** @throws ProblemError `malformed-model` with the library's reason, and what reading the source throws. */
  contents(): Promise<Hdf5Contents>;
  /** The elements' bytes, little-endian. @throws as `contents` does. */
  values(question: ValuesQuestion): Promise<Uint8Array>;
}

export interface Hdf5Thread {
  about(source: ByteSource): Hdf5Questions;
  /** Ends the thread; what is asked later fails. */
  close(): Promise<void>;
}

export interface Hdf5ThreadOptions {
  /** A question that is computed for longer, or read for six times as long, is given up, and the thread with it. */
  readonly patienceMilliseconds?: number;
}

const PATIENCE_MILLISECONDS = 10_000;
/** A file on which the library was lost so often is not asked about again: each time costs a thread. */
const MAXIMUM_LOSSES = 3;
/** Reading, from a slow disk or out of an archive, may take so many times as long as computing. */
const READING_PATIENCE = 6;
/** Patience is counted in so many parts: of time during which this thread itself was busy, one part counts. */
const PATIENCE_PARTS = 10;

interface Running {
  readonly worker: Worker;
  readonly word: Int32Array;
  readonly shared: Uint8Array;
}

/** @param script the thread's bundle; it is started with the first question. */
export function hdf5Thread(
  script: URL,
  { patienceMilliseconds = PATIENCE_MILLISECONDS }: Hdf5ThreadOptions = {},
): Hdf5Thread {
  let running: Running | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let files = 0;
  let closed = false;

  const start = async (): Promise<Running> => {
    const channel = new SharedArrayBuffer(CHANNEL_HEAD_BYTES + CHANNEL_BYTES);
    const workerData: Hdf5ThreadData = { channel };
    // Nothing of the environment is of use to it. What it prints is not read: reading would keep the process from ending.
    const worker = new Worker(script, { workerData, env: {}, stdout: true, stderr: true });
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (running?.worker === worker) running = undefined;
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`The HDF5 thread ended when it started (${code}).`)));
    });
    return {
      worker,
      word: new Int32Array(channel, 0, 1),
      shared: new Uint8Array(channel, CHANNEL_HEAD_BYTES, CHANNEL_BYTES),
    };
  };
  const stop = async (): Promise<void> => {
    const stopping = running;
    running = undefined;
    // A thread that sleeps on a read does not end.
    if (stopping !== undefined) wake(stopping, READ_FAILED);
    await stopping?.worker.terminate();
  };

  const ask = async (source: ByteSource, question: Hdf5Question, history: History): Promise<Hdf5Answer> => {
    if (closed) throw failure(source, question, 'the file was closed');
    if (history.losses >= MAXIMUM_LOSSES) throw failure(source, question, 'the library failed on it too often');
    const asked = (running ??= await start());
    // While it started.
    if (closed) {
      await stop();
      throw failure(source, question, 'the file was closed');
    }
    asked.worker.ref();
    const outcome = await converse(asked, source, question, patienceMilliseconds / PATIENCE_PARTS);
    asked.worker.unref();
    if ('answer' in outcome) return outcome.answer;
    if (outcome.lost === 'library') history.losses++;
    if (outcome.lost !== undefined) await stop();
    throw outcome.error;
  };
  const inTurn = (source: ByteSource, question: Hdf5Question, history: History): Promise<Hdf5Answer> => {
    const asked = queue.then(() => ask(source, question, history));
    queue = asked.catch(() => undefined);
    return asked;
  };

  return {
    about(source) {
      const file: Hdf5File = { id: files++, size: source.size };
      const history: History = { losses: 0 };
      return {
        async contents() {
          const answer = await inTurn(source, { about: 'contents', file }, history);
          return 'contents' in answer ? answer.contents : mixedUp();
        },
        async values(question) {
          const answer = await inTurn(source, { about: 'values', file, ...question }, history);
          return 'bytes' in answer ? answer.bytes : mixedUp();
        },
      };
    },
    async close() {
      closed = true;
      await stop();
    },
  };
}

/** What happened to the library on a file. */
interface History {
  losses: number;
}

type Outcome =
  | { readonly answer: Hdf5Answer }
  /** `lost`: whether the thread can be asked no more, and whether the library or the reading of the file is why. */
  | { readonly error: unknown; readonly lost?: 'library' | 'reading' };

/** Asks, serves what is read meanwhile, and waits for the answer. */
function converse(
  running: Running,
  source: ByteSource,
  question: Hdf5Question,
  partMilliseconds: number,
): Promise<Outcome> {
  const { worker } = running;
  return new Promise((resolve) => {
    /** Why a read failed: says more than what the library makes of it. */
    let readError: unknown;
    let partsLeft = PATIENCE_PARTS;
    let readingPartsLeft = PATIENCE_PARTS * READING_PATIENCE;
    let serving = false;
    const patience = setInterval(() => {
      if (serving) readingPartsLeft--;
      else partsLeft--;
      if (readingPartsLeft <= 0) fail('reading it takes too long', 'library');
      else if (partsLeft <= 0) fail('the library does not come to an end', 'library');
    }, partMilliseconds);
    const end = (outcome: Outcome): void => {
      clearInterval(patience);
      worker.off('message', hear).off('error', gone).off('exit', gone);
      resolve(outcome);
    };
    const fail = (reason: string, lost?: 'library'): void => end({ error: failure(source, question, reason), lost });
    const serve = async (offset: number, length: number): Promise<void> => {
      serving = true;
      try {
        running.shared.set(await source.read(offset, length));
        wake(running, READ_DONE);
      } catch (error) {
        readError ??= error;
        wake(running, READ_FAILED);
      } finally {
        serving = false;
      }
    };
    const hear = (said: Hdf5Said): void => {
      switch (said.said) {
        case 'ready':
          return;
        case 'read':
          return void serve(said.offset, said.length);
        case 'answer':
        case 'failure':
          // After a read that failed the library may hold half of something.
          if (readError !== undefined) return end({ error: readError, lost: 'reading' });
          return said.said === 'answer'
            ? end({ answer: said.answer })
            : fail(said.reason, said.lost ? 'library' : undefined);
      }
    };
    const gone = (): void => fail('the library failed on it', 'library');
    worker.on('message', hear).on('error', gone).on('exit', gone);
    worker.postMessage(question);
  });
}

function wake({ word }: Running, state: number): void {
  Atomics.store(word, 0, state);
  Atomics.notify(word, 0);
}

function failure({ name }: ByteSource, question: Hdf5Question, reason: string): ProblemError {
  const part =
    question.about === 'values' ? `The dataset “${displayText(question.path, 100)}” of “${name}”` : `“${name}”`;
  return problem('malformed-model', `${part} cannot be read: ${displayText(reason)}.`, {
    place: question.about === 'values' ? `“${displayText(question.path, 100)}” in ${name}` : `the structure of ${name}`,
    remedy: 'Download or save the file again.',
  });
}

function mixedUp(): never {
  throw new Error('The HDF5 thread answered another question.');
}
