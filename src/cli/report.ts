import { access, constants, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { compareHeadlines, comparisonText, controlsThatGive, givenByControls } from '../core/controls/compare.js';
import { CONTROL_NAMES, NO_CONTROLS } from '../core/controls/control.js';
import { problem, ProblemError } from '../core/errors.js';
import { sortFindings } from '../core/passes/sort-findings.js';
import { toldLines } from '../core/dataset/told-lines.js';
import type { RunAnswer } from '../protocol/inspection.js';
import { isInEveryRun, type ModelOverview, type PassDescription } from '../protocol/model.js';
import { openInspection, type CliOptions } from './open.js';
import { inputsText, printProblem, progressPrinter } from './terminal.js';

export interface ReportOptions extends CliOptions {
  /** Passes to run; `all` names all that apply; all that apply but experiments when empty. */
  readonly passes: readonly string[];
  readonly out?: string;
  /** Compare with random weights and shuffled inputs. */
  readonly controls: boolean;
}

const SEVERITY_MARKS = { error: '✖', warning: '▲', information: '·' } as const;

/**
 * Runs the passes, prints the findings, writes the report and its numbers.
 *
 * @returns the exit code
 * @throws ProblemError why the model, its inputs or the place of the report cannot be used
 */
export async function reportCommand(options: ReportOptions): Promise<number> {
  const htmlPath = resolve(options.out ?? `${basename(options.model, extname(options.model))}.report.html`);
  const jsonPath = htmlPath.replace(/(\.html?)?$/i, '.json');
  // A run may take an hour: what would stop the report from being kept is said before it.
  for (const path of [htmlPath, jsonPath]) await checkWritable(path);
  const { inspection, model } = await openInspection(options, progressPrinter());
  const { overview, inputs } = model;
  process.stdout.write(
    `${overview.fileName}: ${overview.parameters.toLocaleString('en-US')} parameters, ${contentsText(overview)}\n`,
  );
  for (const { text } of toldLines(inputs?.lines ?? [])) process.stdout.write(`  ${text}\n`);
  for (const note of inputs?.notes ?? []) process.stdout.write(`  ${note}\n`);
  if (inputs?.problem !== undefined) throw new ProblemError(inputs.problem);

  const wanted = wantedPasses(options.passes, model.passes);
  // Who named passes asked for no others.
  if (options.passes.length === 0 || options.passes.includes('all')) printLeftOut(model.passes, wanted);
  const onInterrupt = (): void => {
    process.stderr.write('\nStopping after this batch; what was seen is kept.\n');
    void inspection.cancelRun({});
  };
  process.once('SIGINT', onInterrupt);
  const answer = wanted.length === 0 ? {} : await inspection.run({ passes: wanted });
  const { result } = answer;
  // Experiments are compared only when they are named: here they were.
  const compared =
    options.controls && result !== undefined
      ? await inspection.compare({ seed: 1, passes: result.passes.map(({ pass }) => pass) })
      : {};
  if (answer.result !== undefined || answer.fileResult !== undefined) printAnswer({ ...answer, ...compared });
  process.off('SIGINT', onInterrupt);

  const { html, json } = await inspection.report({});
  await writeFile(htmlPath, html);
  await writeFile(jsonPath, json);
  process.stdout.write(`\nReport: ${htmlPath}\nNumbers: ${jsonPath}\n`);
  await inspection.close({});
  if (answer.problem === undefined) return 0;
  printProblem(answer.problem);
  return 1;
}

function wantedPasses(named: readonly string[], passes: readonly PassDescription[]): readonly string[] {
  if (named.includes('all')) return passes.filter(({ reason }) => reason === undefined).map(({ id }) => id);
  return named.length > 0 ? named : passes.filter(isInEveryRun).map(({ id }) => id);
}

/** Which passes do not run, and why. */
function printLeftOut(passes: readonly PassDescription[], wanted: readonly string[]): void {
  for (const { title, reason } of passes) {
    if (reason !== undefined) process.stdout.write(`Does not apply: “${title}”. ${reason}\n`);
  }
  for (const { id, title, reason, runsPerInput } of passes) {
    if (reason !== undefined || runsPerInput === undefined || wanted.includes(id)) continue;
    process.stdout.write(
      `Not run: “${title}”, which runs every input about ${runsPerInput === 1 ? 'once' : `${runsPerInput} times`}: --pass ${id}, or --pass all.\n`,
    );
  }
}

function contentsText({ network, tensors }: ModelOverview): string {
  return network === undefined ? `${tensors.toLocaleString('en-US')} tensors` : `${network.nodes} nodes`;
}

function printAnswer({ result, fileResult }: RunAnswer): void {
  if (result !== undefined) {
    const rest = result.inputsSeen < result.inputsPlanned ? `, stopped before all ${result.inputsPlanned}` : '';
    process.stdout.write(
      `\n${inputsText(result.inputsSeen)} (${result.data}${rest}), ${result.engine}, ${result.seconds.toFixed(1)} s\n`,
    );
  }
  const passes = [...(result?.passes ?? []), ...(fileResult?.passes ?? [])];
  const { controls = NO_CONTROLS } = result ?? {};
  for (const pass of passes) {
    process.stdout.write(`\n${pass.answer}\n`);
    if (pass.incomplete !== undefined) process.stdout.write(`Not the whole answer: ${pass.incomplete}\n`);
    for (const comparison of compareHeadlines(pass, controls))
      process.stdout.write(`  ${comparisonText(comparison)}\n`);
  }
  for (const { control, reason } of controls.notRun) {
    process.stdout.write(`\nNo comparison with ${CONTROL_NAMES[control]}: ${reason}\n`);
  }
  process.stdout.write('\nFindings\n');
  const findings = sortFindings(passes);
  if (findings.length === 0) process.stdout.write('  Nothing stood out.\n');
  for (const { pass, ...finding } of findings) {
    const given = givenByControls(controlsThatGive(pass, finding, controls));
    const text = [finding.sentence, given].filter((part) => part !== '').join(' ');
    process.stdout.write(`  ${SEVERITY_MARKS[finding.severity]} ${text}\n`);
  }
  const skipped = result?.skipped ?? [];
  if (skipped.length > 0) {
    process.stdout.write(`\n${inputsText(skipped.length)} could not be read:\n`);
    for (const { name, reason } of skipped.slice(0, 20)) process.stdout.write(`  ${name}: ${reason}\n`);
  }
}

/** @throws ProblemError `file-unwritable` where nothing can be written at `path`, without writing anything. */
async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  const refuse = (message: string, remedy: string): ProblemError =>
    problem('file-unwritable', message, { place: path, remedy });
  const facts = await stat(folder).catch(() => undefined);
  if (facts?.isDirectory() !== true) {
    throw refuse(`There is no folder ${folder}.`, 'Create it, or give --out a file in a folder that exists.');
  }
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory() === true) {
    throw refuse(`${path} is a folder.`, 'Give --out the HTML file to write.');
  }
  await access(existing === undefined ? folder : path, constants.W_OK).catch(() => {
    throw refuse(`${path} cannot be written.`, 'Give --out a file that you may write.');
  });
}
