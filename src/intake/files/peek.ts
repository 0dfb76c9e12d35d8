/** Reads ahead until there is enough to judge by, or no more. @returns what was read, and all of the text from its begin */
export async function peek(
  text: AsyncGenerator<string>,
  isEnough: (head: string) => boolean,
): Promise<{ head: string; rest: AsyncGenerator<string> }> {
  let head = '';
  while (!isEnough(head)) {
    const next = await text.next();
    if (next.done === true) break;
    head += next.value;
  }
  return { head, rest: concat(head, text) };
}

async function* concat(head: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}
