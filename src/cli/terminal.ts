import type { Problem } from '../core/errors.js';
import type { RunProgress } from '../protocol/inspection.js';

/** What happened, where, what to do: on standard error. */
export function printProblem({ message, place, remedy }: Problem): void {
  process.stderr.write(`Error: ${message}\n`);
  if (place !== undefined) process.stderr.write(`  where: ${place}\n`);
  if (remedy !== undefined) process.stderr.write(`  do:    ${remedy}\n`);
}

const BETWEEN_LINES_MILLISECONDS = 2000;

/** Progress on standard error: one line rewritten in place on a terminal, a line every two seconds elsewhere. */
export function progressPrinter(): (progress: RunProgress) => void {
  const interactive = process.stderr.isTTY;
  let last = 0;
  return ({ phase, inputsSeen, inputsPlanned, secondsLeft }) => {
    const now = performance.now();
    const done = inputsSeen === inputsPlanned;
    if (!interactive && !done && now - last < BETWEEN_LINES_MILLISECONDS) return;
    last = now;
    const left = secondsLeft === undefined ? '' : `, about ${Math.ceil(secondsLeft)} s left`;
    const line = `${phase}: ${inputsSeen} of ${inputsPlanned} inputs${left}`;
    process.stderr.write(interactive ? `\r\u001b[K${line}${done ? '\n' : ''}` : `${line}\n`);
  };
}
