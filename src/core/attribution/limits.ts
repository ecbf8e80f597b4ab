/** Bounds that the page knows, too: nothing else is in this file, so that nothing else comes with it. */

/** Steps of integrated gradients: more show no difference in single precision. */
export const MOST_STEPS = 1000;
