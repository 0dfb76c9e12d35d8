type Shown = Partial<Record<'words' | 'waiting' | 'parameters', Record<string, string>>>;

/** What the editor of a vocabulary says of itself when it was opened with these and nothing else. */
export function openedWith({ words = {}, waiting = {}, parameters = {} }: Shown = {}): string {
  return JSON.stringify({
    words: Object.entries(words),
    waiting: Object.entries(waiting),
    default_status: null,
    parameters: Object.entries(parameters),
  });
}
