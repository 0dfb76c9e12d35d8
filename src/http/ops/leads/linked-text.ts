import { compilePart } from '../../pages/templates.ts';

const LONGEST_WHOLE_ID = 14;

const link = compilePart<{ id: string; short: string; href: string }>(
  '<a href="<%= it.href %>" title="<%= it.id %>"><code><%= it.short %></code></a>',
);
const escape = compilePart<{ text: string }>('<%= it.text %>');

/** A sentence as HTML, in which the ids that are known lead to their pages. @param places addresses, by id */
export function linkIds(text: string, places: ReadonlyMap<string, string>): string {
  let html = '';
  let plainFrom = 0;
  for (const { 0: piece, index } of text.matchAll(/[\w-]{3,64}/g)) {
    const href = places.get(piece);
    if (href === undefined) continue;
    // A page has thousands of words and few ids: what lies between two of these is escaped in one go.
    html += escape({ text: text.slice(plainFrom, index) }) + link({ id: piece, short: shorten(piece), href });
    plainFrom = index + piece.length;
  }
  return html + escape({ text: text.slice(plainFrom) });
}

function shorten(id: string): string {
  return id.length <= LONGEST_WHOLE_ID ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}
