import type { Router } from 'express';
import type { Knex } from 'knex';
import { listAuditEntries, type AuditEntry } from '../../../db/reports/audit-log.ts';
import { placesOf, readListFilters } from '../../console/list-filters.ts';
import { visitOf } from '../../console/session/visit.ts';
import { auditListSchema } from '../../fields/audit-filters.ts';
import { advertiserAt, ledgerOf, partnerAt, pricesAt, subjectAt, subjectTypes } from '../addresses.ts';
import { definePage } from '../ops-page.ts';
import { tellDifferences, type Difference } from './differences.ts';

type Told = AuditEntry & {
  done: string;
  differences: Difference[];
  subjectHref: string | undefined;
  actorHref: string | undefined;
};

type Options = { value: string; label: string }[];

type AuditData = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  entries: Told[];
  options: { actions: Options; subjects: Options };
  first: string | undefined;
  next: string | undefined;
};

const PAGE = 50;

const sendAudit = definePage<AuditData>(
  'audit',
  `
<div class="head"><h1>Audit log</h1><p>Every change, by whom, before and after. Secrets are never in it, and nothing of it can be changed.</p></div>
<form method="get" action="/ops/audit" class="filters">
<%~ it.show.field({ name: 'actor', label: 'Who', type: 'search', value: it.given.actor, error: it.errors.actor, attributes: { maxlength: '64', placeholder: 'anna' } }) %>
<%~ it.show.select({ name: 'action', label: 'Did what', value: it.given.action, error: it.errors.action, options: it.options.actions }) %>
<%~ it.show.select({ name: 'subject_type', label: 'To what', value: it.given.subject_type, error: it.errors.subject_type, options: it.options.subjects }) %>
<%~ it.show.field({ name: 'subject_id', label: 'Its id', type: 'search', value: it.given.subject_id, error: it.errors.subject_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="/ops/audit">All</a><% } %></div>
</form>
<% for (const entry of it.entries) { %>
<article class="card noted">
<div class="head"><h2><% if (entry.actorHref) { %><a href="<%= entry.actorHref %>"><%= entry.actor %></a><% } else { %><%= entry.actor %><% } %> <span class="soft"><%= entry.done %></span> <%= entry.subject_type.replaceAll('_', ' ') %> <% if (entry.subjectHref) { %><a href="<%= entry.subjectHref %>"><code><%= entry.subject_id %></code></a><% } else { %><code><%= entry.subject_id %></code><% } %></h2><span class="soft small"><%~ it.show.time(entry.at) %></span></div>
<% if (entry.comment) { %><p>“<%= entry.comment %>”</p><% } %>
<% if (entry.differences.length > 0) { %>
<% if (entry.before === null) { %><details><summary><%= entry.action === 'create' ? 'What it was made with' : 'Details' %></summary><% } %>
<dl class="differences">
<% for (const each of entry.differences) { %>
<dt><%= each.field %></dt><dd><% if (each.before !== null) { %><del><%= each.before %></del><% } %><% if (each.before !== null && each.after !== null) { %> <span class="soft" aria-hidden="true">→</span> <% } %><% if (each.after !== null) { %><ins><%= each.after %></ins><% } %></dd>
<% } %>
</dl>
<% if (entry.before === null) { %></details><% } %>
<% } else { %><p class="soft small">What changed is a secret, and is not told.</p><% } %>
</article>
<% } %>
<% if (it.entries.length === 0) { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: 'No change is like this. Names and ids must be whole.', action: { label: 'Show all', href: '/ops/audit' } } : { title: 'Nothing has been changed yet', text: 'Every change of partners, advertisers, offers and keys will stand here.' }) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next }) %>
`,
);

/** Who changed what. */
export function addAuditPages(routes: Router, { db }: { db: Knex }): void {
  routes.get('/audit', async (req, res) => {
    const list = readListFilters(req, auditListSchema.omit({ limit: true }), visitOf(res).timeZone);
    const { rows, next } = await listAuditEntries(db, { ...list.filters, limit: PAGE });
    sendAudit(
      res,
      { title: 'Audit log' },
      {
        ...{ given: list.given, errors: list.errors, isFiltered: list.isFiltered },
        entries: rows.map(tell),
        options: {
          actions: optionsOf(Object.entries(DONE), list.given.action),
          subjects: optionsOf(subjectTypes.map(typeEntry), list.given.subject_type),
        },
        ...placesOf(list, next),
      },
    );
  });
}

const DONE: Readonly<Record<string, string>> = {
  create: 'made',
  change: 'changed',
  delete: 'deleted',
  accept_late: 'accepted late',
  redeliver: 'redelivered',
  rejudge: 'judged again',
  map_word: 'mapped a known word of',
  apply_kept_calls: 'applied kept calls of',
  give_status: 'gave a status to',
  upload: 'brought',
  apply: 'booked',
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
};

function typeEntry(type: string): [string, string] {
  return [type, type.replaceAll('_', ' ')];
}

/** What is asked for stays chosen, though it be none of ours. */
function optionsOf(known: [value: string, label: string][], asked: string | undefined): Options {
  const others: typeof known = asked === undefined || known.some(([value]) => value === asked) ? [] : [[asked, asked]];
  return [['', 'any'], ...known, ...others].map(([value = '', label = '']) => ({ value, label }));
}

/** Partners and advertisers have signing secrets; what has no page of its own is shown on that of its owner. */
function subjectOf({ subject_type: type, subject_id: id, before, after }: AuditEntry): string | undefined {
  const { offer_id, partner_id, advertiser_id } = { ...before, ...after };
  if (type === 'signing_secret') return advertiser_id === id ? advertiserAt(id) : partnerAt(id);
  if (type === 'price_list' && typeof offer_id === 'string') return pricesAt(offer_id);
  if (type === 'payout' && typeof partner_id === 'string') return `${ledgerOf(partner_id)}/${encodeURIComponent(id)}`;
  return subjectAt(type, id);
}

function tell(entry: AuditEntry): Told {
  const [kind, partnerId] = entry.actor.split(':', 2);
  return {
    ...entry,
    // What the line says itself needs no saying again.
    differences: tellDifferences(entry).filter(({ after }) => after !== entry.subject_id),
    done: DONE[entry.action] ?? entry.action.replaceAll('_', ' '),
    subjectHref: subjectOf(entry),
    actorHref: kind === 'partner' && partnerId !== undefined ? partnerAt(partnerId) : undefined,
  };
}
