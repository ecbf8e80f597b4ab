/** Cuts a query into terms and their values, without knowing what fields there are. */

/** A piece of the text; `text` is what it means (without quotes). */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly quoted: boolean;
}

export interface ScannedTerm {
  readonly from: number;
  readonly to: number;
  readonly excluded: boolean;
  /** What stands before ":" or a comparison. */
  readonly field?: Span;
  /** ":" or "", ">=" … where the comparison follows the field at once. */
  readonly separator: string;
  /** At least one, perhaps empty. */
  readonly values: readonly Span[];
}

const FIELD = /^([A-Za-z][\w.-]*)(?:(:)|[ \t]*(>=|<=|>|<|=)[ \t]*)/;

/** @param splitsAt whether a comma within the values of a field separates them; in a shape it does not. */
export function scanTerms(text: string, splitsAt: (field: string) => boolean): readonly ScannedTerm[] {
  const terms: ScannedTerm[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(text[at])) at++;
    if (at >= text.length) return terms;
    const from = at;
    const excluded = text[at] === '-';
    if (excluded) at++;
    const [whole = '', name, colon = '', comparison = ''] = FIELD.exec(text.slice(at)) ?? [];
    let field: Span | undefined;
    if (name !== undefined) {
      field = { from: at, to: at + name.length, text: name, quoted: false };
      at += whole.length;
    }
    const values: Span[] = [];
    const splits = field === undefined || splitsAt(field.text);
    for (;;) {
      const value = scanValue(text, at, splits);
      values.push(value);
      at = value.to;
      if (!splits || text[at] !== ',') break;
      at++;
    }
    terms.push({
      from,
      to: at,
      excluded,
      ...(field === undefined ? {} : { field }),
      separator: colon || comparison,
      values,
    });
  }
}

/** Up to a space or, where it separates, a comma; neither ends what stands in quotes. A missing quote is at the end. */
function scanValue(text: string, from: number, splits: boolean): Span {
  let at = from;
  let content = '';
  let quoted = false;
  while (at < text.length && !isSpace(text[at]) && !(splits && text[at] === ',')) {
    if (text[at] !== '"') {
      content += text[at++];
      continue;
    }
    quoted = true;
    const end = text.indexOf('"', at + 1);
    content += text.slice(at + 1, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
  }
  return { from, to: at, text: content, quoted };
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /\s/.test(character);
}
