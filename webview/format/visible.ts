/** Spaces and line breaks as signs, so that a token of nothing else can be seen. */
export function visible(token: string): string {
  return token.replaceAll(' ', '␣').replaceAll('\n', '↵');
}
