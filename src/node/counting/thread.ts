/** The entry of a thread that counts bit patterns: it reads for itself, and may wait for the disk. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { CountAnswer, CountQuestion } from './messages.js';
import { countingProgram, type CountingProgram } from './program.js';

if (parentPort === null) throw new Error('Bit patterns are counted in a thread of its own only.');
const port = parentPort;
/** Measured: larger pieces leave the processor's cache before they are counted, smaller ones cost more calls. */
const PIECE_BYTES = 256 * 1024;
const programs: { [bytesPerValue in 1 | 2]?: CountingProgram } = {};

function count({ path, offset, values, bytesPerValue }: CountQuestion): CountAnswer {
  const program = (programs[bytesPerValue] ??= countingProgram(bytesPerValue, PIECE_BYTES));
  program.counts.fill(0);
  // Non-blocking: should the path have turned into a pipe, opening must not hang.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const end = offset + values * bytesPerValue;
    for (let at = offset; at < end;) {
      const arrived = readSync(file, program.input, 0, Math.min(PIECE_BYTES, end - at), at);
      // What ends inside a value is read again.
      const bytes = arrived - (arrived % bytesPerValue);
      if (bytes === 0) return undefined;
      program.count(bytes);
      at += bytes;
    }
    return program.counts.slice();
  } finally {
    closeSync(file);
  }
}

port.on('message', (question: CountQuestion) => {
  let answer: CountAnswer;
  try {
    answer = count(question);
  } catch {
    // Whoever asked reads it again, and learns why.
  }
  port.postMessage(answer, answer === undefined ? [] : [answer.buffer]);
});
