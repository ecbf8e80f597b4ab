import { computed } from '@preact/signals';
import { inputs } from '../state/session.js';

/** Changes when the inputs do: the same inputs told again keep their systems. */
export const dataKey = computed(() => JSON.stringify([inputs.value?.recipe, inputs.value?.size]));
