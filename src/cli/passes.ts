import { openInspection, type CliOptions } from './open.js';

/** Lists what can be asked of the model, and why the rest does not apply. */
export async function passesCommand(options: CliOptions & { readonly json: boolean }): Promise<number> {
  const { inspection, model } = await openInspection(options);
  if (options.json) process.stdout.write(`${JSON.stringify(model.passes, undefined, 2)}\n`);
  else {
    for (const { id, title, question, reason, runsPerInput } of model.passes) {
      process.stdout.write(
        `${id}\n  ${title}: ${question}\n${reason === undefined ? '' : `  Does not apply: ${reason}\n`}`,
      );
      if (runsPerInput !== undefined)
        process.stdout.write(
          `  Experiment: runs every input about ${runsPerInput === 1 ? 'once' : `${runsPerInput} times`}\n`,
        );
    }
  }
  await inspection.close({});
  return 0;
}
