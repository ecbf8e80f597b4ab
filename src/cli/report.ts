import { writeFile } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { ProblemError } from '../core/errors.js';
import { sortFindings } from '../core/passes/sort-findings.js';
import { openInspection, type CliOptions } from './open.js';
import { progressPrinter } from './terminal.js';

export interface ReportOptions extends CliOptions {
  /** Passes to run; all that apply when empty. */
  readonly passes: readonly string[];
  readonly out?: string;
}

const SEVERITY_MARKS = { error: '✖', warning: '▲', information: '·' } as const;

/** Runs the passes, prints the findings, writes the report and its numbers. */
export async function reportCommand(options: ReportOptions): Promise<number> {
  const { inspection, model } = await openInspection(options, progressPrinter());
  const { overview, inputs } = model;
  process.stdout.write(
    `${overview.fileName}: ${overview.parameters.toLocaleString('en-US')} parameters, ${overview.nodes} nodes\n`,
  );
  for (const { text } of inputs.lines) process.stdout.write(`  ${text}\n`);
  if (inputs.problem !== undefined) throw new ProblemError(inputs.problem);

  const wanted =
    options.passes.length > 0
      ? options.passes
      : model.passes.filter(({ reason }) => reason === undefined).map(({ id }) => id);
  for (const { title, reason } of model.passes) {
    if (reason !== undefined) process.stdout.write(`Does not apply: ${title}. ${reason}\n`);
  }
  const abort = new AbortController();
  const onInterrupt = (): void => {
    process.stderr.write('\nStopping after this batch; what was seen is kept.\n');
    void inspection.cancelRun({});
  };
  process.once('SIGINT', onInterrupt);
  if (wanted.length > 0) {
    const result = await inspection.run({ passes: wanted }, abort.signal);
    const rest = result.inputsSeen < result.inputsPlanned ? `, stopped before all ${result.inputsPlanned}` : '';
    process.stdout.write(
      `\n${result.inputsSeen} inputs (${result.data}${rest}), ${result.engine}, ${result.seconds.toFixed(1)} s\n`,
    );
    for (const { answer } of result.passes) process.stdout.write(`\n${answer}\n`);
    process.stdout.write('\nFindings\n');
    const findings = sortFindings(result.passes);
    if (findings.length === 0) process.stdout.write('  Nothing stood out.\n');
    for (const { severity, sentence } of findings) process.stdout.write(`  ${SEVERITY_MARKS[severity]} ${sentence}\n`);
    if (result.skipped.length > 0) {
      process.stdout.write(`\n${result.skipped.length} inputs could not be read:\n`);
      for (const { name, reason } of result.skipped.slice(0, 20)) process.stdout.write(`  ${name}: ${reason}\n`);
    }
  }
  process.off('SIGINT', onInterrupt);

  const { html, json } = await inspection.report({});
  const htmlPath = resolve(options.out ?? `${basename(options.model, extname(options.model))}.report.html`);
  const jsonPath = htmlPath.replace(/(\.html?)?$/i, '.json');
  await writeFile(htmlPath, html);
  await writeFile(jsonPath, json);
  process.stdout.write(`\nReport: ${htmlPath}\nNumbers: ${jsonPath}\n`);
  await inspection.close({});
  return 0;
}
