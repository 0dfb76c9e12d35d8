/** A text field of a form that was sent; '' when it was not, or is no text. */
export function textIn(body: unknown, name: string): string {
  const value = ((body ?? {}) as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
