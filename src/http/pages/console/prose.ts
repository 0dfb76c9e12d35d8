import { compilePart } from '../templates.ts';

// Where the documentation tells each rule.
const PLACES: Readonly<Record<string, { id: string; name: string }>> = {
  R3: { id: 'compete', name: 'who wins a lead' },
  R5: { id: 'ref-id', name: 'ref_ids' },
  R6: { id: 'ref-id', name: 'ref_ids' },
  R7: { id: 'statuses', name: 'statuses' },
  R8: { id: 'compete', name: 'who wins a lead' },
  R9: { id: 'window', name: 'the window' },
  R10: { id: 'success', name: 'what counts as received' },
  R11: { id: 'order', name: 'the order of postbacks' },
  R13: { id: 'price', name: 'prices' },
  R14: { id: 'handover', name: 'handover' },
};

const MOMENT = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)/;
const RULES = / ?\((?:R\d{1,2}(?:, )?)+\)/g;

const escape = compilePart<{ text: string }>('<%= it.text %>');
const links = compilePart<{ links: { href: string; name: string }[] }>(
  ` See <% for (const [index, link] of it.links.entries()) { %><%= index === 0 ? '' : ' and ' %><a href="<%= link.href %>"><%= link.name %></a><% } %>.`,
);

/**
 * Sentences of a story as HTML. The rules that they name, such as `(R3, R8)`, become links to the documentation at the end.
 * @param options `showTime`: a moment, ISO 8601, as HTML; `docs`: the address of the documentation
 */
export function proseWith(
  text: string,
  { showTime, docs }: { showTime: (at: string) => string; docs: string },
): string {
  const pieces = text.replace(RULES, '').split(MOMENT);
  const html = pieces.map((piece, index) => (index % 2 === 1 ? showTime(piece) : escape({ text: piece }))).join('');
  const found = findPlaces(text).map(({ id, name }) => ({ href: `${docs}#${id}`, name }));
  return found.length === 0 ? html : html + links({ links: found });
}

function findPlaces(text: string): { id: string; name: string }[] {
  const rules = (text.match(RULES) ?? []).flatMap((group) => group.match(/R\d{1,2}/g) ?? []);
  const places = rules.flatMap((rule) => PLACES[rule] ?? []);
  const byId = new Map(places.map((place) => [place.id, place]));
  return [...byId.values()];
}
