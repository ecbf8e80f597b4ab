// `npm test`: everything, from a fresh clone, in the order in which it is worth knowing.
// The last line of stdout is always "N passed, N failed, N skipped".
import { parseOptions } from './lib/options.mjs';
import { ActionableError, runAsProgram } from './lib/process.mjs';
import { nothingTested, preparations, steps } from './lib/test-steps.mjs';

/** @typedef {import('./lib/test-steps.mjs').Step} Step */

const names = steps.map((step) => step.name);
const help = `npm test                       check and test everything
npm test -- --only unit,e2e    only these steps (${names.join(', ')})
npm test -- --keep-going       do not stop at the first step that fails
`;

await runAsProgram(async () => {
  const options = parse();
  if (options.help) {
    print(help);
    return 0;
  }
  const total = nothingTested();
  /** @type {string[]} */
  const times = [];
  for (const step of [...preparations, ...steps.filter((step) => options.only.includes(step.name))]) {
    const { line, failed } = await runStep(step, total);
    times.push(line);
    if (failed && !options.keepGoing) break;
  }
  printSummary(times, total);
  return total.failed.length === 0 ? 0 : 1;
});

function parse() {
  const options = /** @type {const} */ ({
    help: { type: 'boolean', short: 'h' },
    'keep-going': { type: 'boolean' },
    only: { type: 'string' },
  });
  const values = parseOptions(process.argv.slice(2), options, 'npm test -- --help');
  const only = values.only?.split(',') ?? names;
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new ActionableError(`There is no step called ${unknown.join(', ')}.`, `The steps are: ${names.join(', ')}.`);
  }
  return { help: values.help, keepGoing: values['keep-going'], only };
}

/**
 * @param {Step} step
 * @param {import('./lib/tally-reporter.mjs').Tally} total what the step found is added to it
 */
async function runStep({ name, run }, total) {
  print(`\n=== ${name} ===\n`);
  const started = performance.now();
  let failed = false;
  try {
    const tally = await run();
    total.passed += tally.passed;
    total.failed.push(...tally.failed);
    total.skipped.push(...tally.skipped);
    failed = tally.failed.length > 0;
  } catch (error) {
    // A step without tests that fails counts as one failure: the closing line never says 0 failed after one.
    total.failed.push(`${name}: ${error instanceof Error ? error.message : error}`);
    failed = true;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const line = `${failed ? 'FAILED' : 'ok    '} ${name} (${seconds} s)`;
  print(`\n${line}\n`);
  return { line, failed };
}

/**
 * @param {string[]} times
 * @param {import('./lib/tally-reporter.mjs').Tally} total
 */
function printSummary(times, total) {
  print(`\n=== summary ===\n\n${times.join('\n')}\n`);
  if (total.skipped.length > 0) {
    print(`\nSKIPPED, so not proven:\n${total.skipped.map(({ name, reason }) => `  ${name}: ${reason}\n`).join('')}`);
  }
  if (total.failed.length > 0) print(`\nFAILED:\n${total.failed.map((name) => `  ${name}\n`).join('')}`);
  print(`\n${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped\n`);
}

/** @param {string} text */
function print(text) {
  process.stdout.write(text);
}
