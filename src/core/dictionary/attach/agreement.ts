/** How far a declared number and a measured one are apart, in three steps. */
export type Agreement = 'alike' | 'different' | 'far apart';

const ALIKE = 1.25;
const FAR = 2;

/** The rule, as it is shown. */
export const AGREEMENT_RULE = `alike: within a factor of ${ALIKE}; different: within a factor of ${FAR}; far apart: more`;

/** Both above 0; else whether both are 0. */
export function agreementOf(declared: number, measured: number): Agreement {
  if (!(declared > 0 && measured > 0)) return declared === measured ? 'alike' : 'far apart';
  const factor = Math.max(declared / measured, measured / declared);
  return factor <= ALIKE ? 'alike' : factor <= FAR ? 'different' : 'far apart';
}
