import { compilePart } from '../../pages/templates.ts';

const LONGEST_WHOLE_ID = 14;

const link = compilePart<{ id: string; short: string; href: string }>(
  '<a href="<%= it.href %>" title="<%= it.id %>"><code><%= it.short %></code></a>',
);
const escape = compilePart<{ text: string }>('<%= it.text %>');

/** A sentence as HTML, in which the ids that are known lead to their pages. @param places addresses, by id */
export function linkIds(text: string, places: ReadonlyMap<string, string>): string {
  return text
    .split(/([\w-]{3,64})/)
    .map((piece) => {
      const href = places.get(piece);
      return href === undefined ? escape({ text: piece }) : link({ id: piece, short: shorten(piece), href });
    })
    .join('');
}

function shorten(id: string): string {
  return id.length <= LONGEST_WHOLE_ID ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}
