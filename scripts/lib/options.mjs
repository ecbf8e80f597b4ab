import { parseArgs } from 'node:util';
import { ActionableError } from './process.mjs';

/**
 * Command line options, where a wrong one is answered with the way to the help.
 * @template {NonNullable<import('node:util').ParseArgsConfig['options']>} T
 * @param {string[]} args
 * @param {T} options
 * @param {string} helpCommand
 * @returns {ReturnType<typeof parseArgs<{ options: T }>>['values']}
 */
export function parseOptions(args, options, helpCommand) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new ActionableError(problem, `${helpCommand} lists the options.`);
  }
}
