/** Largest finite number of half precision. */
export const LARGEST_HALF = 65504;
/** Ours: a quarter of it leaves too little room for other inputs. */
export const NEAR_HALF = LARGEST_HALF / 4;
