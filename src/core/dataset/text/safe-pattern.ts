/** Longer patterns than the longest that real tokenizers have. */
const MAXIMUM_PATTERN = 4096;
/** Repetitions without end that one alternative may have; each adds a power of the text's length. Two are in use. */
const MAXIMUM_ENDLESS = 3;

interface Group {
  /** Something in it is repeated or may be left out. */
  varies: boolean;
  alternatives: boolean;
  /** Repetitions without end: of the alternative that is being read, and the most of any before it. */
  endless: number;
  most: number;
}

const TOO_OFTEN = `repeats without end more than ${MAXIMUM_ENDLESS} times in a row`;
/** With the mark of a lazy or possessive one. */
const QUANTIFIER = /(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})[?+]?/y;

const newGroup = (): Group => ({ varies: false, alternatives: false, endless: 0, most: 0 });

/**
 * Why a regular expression of a tokenizer file is not run, or undefined. Patterns come from strangers, and a pattern
 * that repeats a group which can itself match in several ways ("(a+)+", "(a|a)*") may need time exponential in the
 * text's length; JavaScript cannot stop it. No tokenizer that we know of has one.
 */
export function whyUnsafe(pattern: string): string | undefined {
  if (pattern.length > MAXIMUM_PATTERN) return `is longer than ${MAXIMUM_PATTERN} characters`;
  const groups: Group[] = [newGroup()];
  let closed: Group | undefined;
  for (let at = 0; at < pattern.length;) {
    const top = groups.at(-1);
    if (top === undefined) return 'closes a group that it never opened';
    const character = pattern[at];
    if (character === '(') {
      groups.push(newGroup());
      closed = undefined;
      at = afterGroupStart(pattern, at);
      continue;
    }
    QUANTIFIER.lastIndex = at;
    const quantifier = QUANTIFIER.exec(pattern)?.[0];
    if (quantifier !== undefined) {
      const fixed = /^\{\d+\}/.test(quantifier);
      const atMostOnce = quantifier.startsWith('?') || /^\{(?:0*,)?0*1\}/.test(quantifier);
      if (!atMostOnce && closed !== undefined && (closed.varies || closed.alternatives)) {
        return 'repeats a group that matches in several ways';
      }
      if (!fixed) top.varies = true;
      if (/^[*+]|,\}/.test(quantifier) && ++top.endless > MAXIMUM_ENDLESS) return TOO_OFTEN;
      closed = undefined;
      at += quantifier.length;
      continue;
    }
    closed = undefined;
    if (character === ')') {
      closed = groups.pop();
      const outer = groups.at(-1);
      if (outer !== undefined && closed !== undefined) {
        outer.varies ||= closed.varies || closed.alternatives;
        outer.endless += Math.max(closed.endless, closed.most);
        if (outer.endless > MAXIMUM_ENDLESS) return TOO_OFTEN;
      }
      at++;
    } else if (character === '|') {
      top.alternatives = true;
      top.most = Math.max(top.most, top.endless);
      top.endless = 0;
      at++;
    } else if (character === '\\') {
      if (/^\\(?:[1-9]|k[<'{])/.test(pattern.slice(at, at + 3))) return 'refers back to what a group matched';
      at += 2;
    } else if (character === '[') {
      const end = afterClass(pattern, at);
      if (end === undefined) return 'opens a class that it never closes';
      at = end;
    } else at++;
  }
  if (groups.length === 0) return 'closes a group that it never opened';
  return groups.length === 1 ? undefined : 'opens a group that it never closes';
}

/** After "(", "(?:", "(?=", "(?<!", "(?i:", "(?<name>": their question mark is no quantifier. */
function afterGroupStart(pattern: string, at: number): number {
  const start = /^\(\?(?:<?[=!]|[A-Za-z-]*:|>|<[A-Za-z_]\w*>|[A-Za-z-]+(?=\)))?/.exec(pattern.slice(at, at + 80))?.[0];
  return at + (start?.length ?? 1);
}

/** The end of a character class; classes may hold classes ("[\p{Han}&&[^一]]"). */
function afterClass(pattern: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '[') {
      depth++;
      if (pattern[at + 1] === '^') at++;
      // A bracket right at the start of a class stands for itself.
      if (pattern[at + 1] === ']') at++;
    } else if (character === ']' && --depth === 0) return at + 1;
  }
  return undefined;
}
