// The small things that the pages of a console are made of; templates reach them as `it.show`.
import { compilePart } from '../templates.ts';
import { writeMoney } from './write-numbers.ts';
import { proseWith } from './prose.ts';
import { showField, showSelect } from './fields.ts';
import { toneOf, type Tone } from './states.ts';
import { tellCountdown, tellExact, tellRelative, tellSpan } from './tell-time.ts';

/** Who reads the page, and when; `docs` is where the documentation is. */
export type Reader = { timeZone: string; nowMs: number; formToken: string; docs: string };

/** What a notice offers to do: a page to go to, or a form to send. */
export type Action = { label: string; href: string } | { label: string; post: string; fields?: Record<string, string> };

/** Where the first page of a list is, and the next one; undefined where there is none, or it is shown. */
type Pager = { first: string | undefined; next: string | undefined; order?: keyof typeof PAGER_NAMES };

const LONGEST_WHOLE_ID = 14;
const ID_BEGIN = 8;
const ID_END = 4;

const PAGER_NAMES = { newest: { first: 'Newest', next: 'Older' }, listed: { first: 'First', next: 'More' } };

const SHEETS = `<svg class="sheets" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" aria-hidden="true"><path d="M9 9h11v11H9zM5 15H4V4h11v1"/></svg>`;
const TICK = `<svg class="tick" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M5 12l5 5 9-10"/></svg>`;

const state = compilePart<{ state: string; tone: Tone }>(
  `<span class="state state-<%= it.tone %>"><%= it.state %></span>`,
);
const copy = compilePart<{ text: string; label: string; name: string }>(
  `<button type="button" class="quiet copy" data-copy="<%= it.text %>"<% if (!it.label) { %> aria-label="Copy <%= it.name %>"<% } %> title="Copy" hidden>${SHEETS}${TICK}<% if (it.label) { %> <%= it.label %><% } %></button>`,
);
const id = compilePart<{ id: string; short: string; href: string | undefined; copy: string }>(
  `<span class="id"><% if (it.href) { %><a href="<%= it.href %>" title="<%= it.id %>"><code><%= it.short %></code></a><% } else { %><code title="<%= it.id %>"><%= it.short %></code><% } %><%~ it.copy %></span>`,
);
const money = compilePart<{ amount: string; currency: string }>(
  `<span class="money"><%= it.amount %> <small><%= it.currency %></small></span>`,
);
const time = compilePart<{ at: string; kind: string; exact: string; text: string }>(
  `<time datetime="<%= it.at %>"<% if (it.kind) { %> data-<%= it.kind %><% } %> title="<%= it.exact %>"><%= it.text %></time>`,
);
const action = compilePart<{ action: Action; formToken: string; look: string }>(
  `<% if ('href' in it.action) { %><a class="button <%= it.look %>" href="<%= it.action.href %>"><%= it.action.label %></a><% } else { %><form method="post" action="<%= it.action.post %>"><input type="hidden" name="csrf" value="<%= it.formToken %>"><% for (const [name, value] of Object.entries(it.action.fields ?? {})) { %><input type="hidden" name="<%= name %>" value="<%= value %>"><% } %><button class="<%= it.look %>"><%= it.action.label %></button></form><% } %>`,
);
const notice = compilePart<{ tone: Tone; title: string; html: string; role: string; actions: string[] }>(
  `<div class="message message-<%= it.tone %>"<% if (it.role) { %> role="<%= it.role %>"<% } %><% if (it.role === 'alert') { %> tabindex="-1"<% } %>><div><% if (it.title) { %><p><strong><%= it.title %></strong></p><% } %><% if (it.html) { %><p><%~ it.html %></p><% } %></div><% for (const action of it.actions) { %><%~ action %><% } %></div>`,
);
const nothing = compilePart<{ title: string; text: string; action: string }>(
  `<div class="nothing"><h2><%= it.title %></h2><p><%= it.text %></p><%~ it.action %></div>`,
);
const pager = compilePart<{
  first: string | undefined;
  next: string | undefined;
  names: { first: string; next: string };
}>(
  `<% if (it.first || it.next) { %><nav class="pager" aria-label="Pages"><% if (it.first) { %><a class="button plain" href="<%= it.first %>"><%= it.names.first %></a><% } else { %><span></span><% } %><% if (it.next) { %><a class="button plain" href="<%= it.next %>" rel="next"><%= it.names.next %></a><% } %></nav><% } %>`,
);
const formToken = compilePart<{ formToken: string }>(`<input type="hidden" name="csrf" value="<%= it.formToken %>">`);

export type Parts = ReturnType<typeof createParts>;

/** Each returns HTML, to be put into a template by `<%~`. */
export function createParts(reader: Reader) {
  const { timeZone, nowMs } = reader;
  const act = (given: Action, look = '') => action({ action: given, formToken: reader.formToken, look });
  const exactTime = (at: string) => time({ at, kind: '', exact: at, text: tellExact(at, timeZone) });
  const prose = (text: string) => proseWith(text, { showTime: exactTime, docs: reader.docs });
  const copyText = (text: string, name: string, label = '') => copy({ text, name, label });
  return {
    /** The badge of a state; the same word has the same colour on every page. */
    state: (word: string) => state({ state: word, tone: toneOf(word) }),
    copy: copyText,
    /** An id for people: short, full on hover, one click copies; a link when `href` is given. */
    id: (text: string, href?: string) => id({ id: text, short: shorten(text), href, copy: copyText(text, text) }),
    /** @param amount in minor units */
    money: (amount: bigint | number | string, currency: string) =>
      money({ amount: writeMoney(amount, currency), currency }),
    /** Relative to now; exact on hover. */
    time: (at: string) =>
      time({ at, kind: 'relative', exact: tellExact(at, timeZone), text: tellRelative(at, nowMs, timeZone) }),
    exactTime,
    /** From one moment to another, to the minute. */
    span: (from: string, to: string) => tellSpan(from, to, timeZone),
    countdown: (at: string) =>
      time({ at, kind: 'countdown', exact: tellExact(at, timeZone), text: tellCountdown(at, nowMs, timeZone) }),
    /** A link or a form of one button. @param look `plain`, `danger`, `quiet` or the main button's */
    action: act,
    /** A sentence with what to do about it; `alert` is what a form was refused with, where the reader goes on. */
    notice: (given: { tone: Tone; title?: string; text?: string; role?: 'status' | 'alert'; actions?: Action[] }) =>
      notice({
        tone: given.tone,
        title: given.title ?? '',
        html: prose(given.text ?? ''),
        role: given.role ?? '',
        actions: (given.actions ?? []).map((each) => act(each, 'plain')),
      }),
    /** What stands where a list is empty, and what to do about it. */
    nothing: (given: { title: string; text: string; action?: Action }) =>
      nothing({ title: given.title, text: given.text, action: given.action ? act(given.action) : '' }),
    /** Sentences about what happened: their moments in the reader's time, and the rules they name as links. */
    prose,
    /** Leads through a list that goes on; `order` is `newest` where the newest stands first. */
    pager: ({ first, next, order = 'newest' }: Pager) => pager({ first, next, names: PAGER_NAMES[order] }),
    field: showField,
    select: showSelect,
    /** Must stand in every form. */
    formToken: () => formToken(reader),
  };
}

function shorten(id: string): string {
  return id.length <= LONGEST_WHOLE_ID ? id : `${id.slice(0, ID_BEGIN)}…${id.slice(-ID_END)}`;
}
