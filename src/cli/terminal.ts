import type { Problem } from '../core/errors.js';
import type { RunProgress } from '../protocol/inspection.js';

/** What happened, where, what to do: on standard error. */
export function printProblem({ message, place, remedy }: Problem): void {
  process.stderr.write(`Error: ${message}\n`);
  if (place !== undefined) process.stderr.write(`  where: ${place}\n`);
  if (remedy !== undefined) process.stderr.write(`  do:    ${remedy}\n`);
}

/** Something that no code of ours foresaw, with all that helps to find it. */
export function printDefect(error: unknown): void {
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write('  This is a defect of Model Inspector.\n');
  if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
}

/** "1 input", "24 inputs". */
export function inputsText(count: number): string {
  return `${count} ${count === 1 ? 'input' : 'inputs'}`;
}

const BETWEEN_LINES_MILLISECONDS = 2000;

/** Progress on standard error: one line rewritten in place on a terminal, a line every two seconds elsewhere. */
export function progressPrinter(): (progress: RunProgress) => void {
  const interactive = process.stderr.isTTY;
  let last = 0;
  return ({ phase, unit, done: seen, planned, secondsLeft }) => {
    if (planned === 0) return;
    const now = performance.now();
    const done = seen === planned;
    if (!interactive && !done && now - last < BETWEEN_LINES_MILLISECONDS) return;
    last = now;
    const left = secondsLeft === undefined ? '' : `, about ${Math.ceil(secondsLeft)} s left`;
    const amount =
      unit === 'inputs'
        ? `${seen} of ${inputsText(planned)}`
        : unit === 'runs'
          ? `${seen} of ${planned} runs of an input`
          : `${Math.round(seen / 1e6)} of ${Math.round(planned / 1e6)} MB`;
    const line = `${phase}: ${amount}${left}`;
    process.stderr.write(interactive ? `\r\u001b[K${line}${done ? '\n' : ''}` : `${line}\n`);
  };
}

/** How much of one long step is done, in per cent: on a terminal only, where the line can be taken back. */
export function shareBar(what: string): { show(share: number): void; end(): void } {
  const interactive = process.stderr.isTTY;
  return {
    show(share) {
      if (interactive) process.stderr.write(`\r\u001b[K${what}: ${Math.round(share * 100)} %`);
    },
    end() {
      if (interactive) process.stderr.write('\r\u001b[K');
    },
  };
}
