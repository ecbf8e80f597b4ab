import { watchEveryCase } from './watching.js';

watchEveryCase('wasm');
