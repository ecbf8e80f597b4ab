/** The entry of the thread in which the HDF5 library runs: it answers one question after the other. Nothing but wiring. */
import { parentPort, workerData } from 'node:worker_threads';
import { listContents } from './contents.js';
import { loadLibrary } from './library.js';
import type { Hdf5Answer, Hdf5Question, Hdf5Said, Hdf5ThreadData } from './messages.js';
import { channelReader } from './read-channel.js';
import { readValues } from './values.js';

if (parentPort === null) throw new Error('The HDF5 library runs in a thread of its own only.');
const port = parentPort;
const { channel } = workerData as Hdf5ThreadData;
const library = await loadLibrary();
let opened: { readonly id: number; readonly handle: bigint } | undefined;

function answer(question: Hdf5Question): Hdf5Answer {
  const { id, size } = question.file;
  if (opened?.id !== id) {
    opened = undefined;
    opened = { id, handle: library.open(size, channelReader(port, channel, size)) };
  }
  library.takeComplaint();
  switch (question.about) {
    case 'contents':
      return { contents: listContents(library, opened.handle, size) };
    case 'values':
      return { bytes: readValues(library, opened.handle, question) };
  }
}

function say(said: Hdf5Said): void {
  const isBytes = said.said === 'answer' && 'bytes' in said.answer;
  port.postMessage(said, isBytes ? [said.answer.bytes.buffer as ArrayBuffer] : []);
}

port.on('message', (question: Hdf5Question) => {
  try {
    say({ said: 'answer', answer: answer(question) });
  } catch (error) {
    // What is thrown as a plain error was said by us or by the library; anything else ended the library's work halfway.
    const isPlain = error instanceof Error && error.constructor === Error;
    say({
      said: 'failure',
      reason: isPlain ? (library.takeComplaint() ?? error.message) : 'the library failed on it',
      lost: !isPlain,
    });
  }
});
say({ said: 'ready' });
