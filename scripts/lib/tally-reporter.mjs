// A vitest reporter that writes down what `npm test` adds up. Vitest's own JSON leaves out why a test was skipped.
import { writeFileSync } from 'node:fs';

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {string[]} failed
 * @property {{ name: string, reason: string }[]} skipped
 */

/** The environment variable that names the file to write. */
export const tallyFileVariable = 'MODEL_INSPECTOR_TALLY';

/** @typedef {import('vitest/node').Reporter} Reporter */

/** @implements {Reporter} */
// eslint-disable-next-line no-restricted-syntax -- vitest loads reporters by their default export
export default class TallyReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} testModules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(testModules, unhandledErrors) {
    /** @type {Tally} */
    const tally = { passed: 0, failed: unhandledErrors.map(() => 'an error outside of any test'), skipped: [] };
    for (const testModule of testModules) {
      const file = testModule.relativeModuleId;
      // A file that cannot be loaded has no tests to count, and one whose hook fails skips them.
      for (const group of [testModule, ...testModule.children.allSuites()]) {
        if (group.errors().length > 0) tally.failed.push(group.type === 'suite' ? `${file} > ${group.fullName}` : file);
      }
      for (const test of testModule.children.allTests()) {
        const name = `${file} > ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') tally.passed++;
        else if (result.state === 'failed') tally.failed.push(name);
        else tally.skipped.push({ name, reason: reasonOf(test, result) });
      }
    }
    const file = process.env[tallyFileVariable];
    if (file) writeFileSync(file, JSON.stringify(tally));
  }
}

/**
 * @param {import('vitest/node').TestCase} test
 * @param {import('vitest/node').TestResult} result
 */
function reasonOf(test, result) {
  if (result.state === 'skipped' && result.note) return result.note;
  return test.options.mode === 'todo' ? 'not written yet' : 'no reason given';
}
