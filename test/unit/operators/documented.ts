import { readFileSync } from 'node:fs';
import { parseOperators } from '../../../src/core/graph/operators/parse-operators.js';

/** The documentation as it is shipped. */
export const OPERATORS_FILE = new URL('../../../media/operators.json', import.meta.url).pathname;
export const OPERATORS = parseOperators(readFileSync(OPERATORS_FILE, 'utf8'));
