import { watchEveryCase } from './watching.js';

watchEveryCase('native');
