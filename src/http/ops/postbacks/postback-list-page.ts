import type { ListedPostback } from '../../../db/reports/postback-list.ts';
import type { tellSkip } from '../../../stories/skip-words.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage } from '../ops-page.ts';

type Options = { value: string; label: string }[];

type PostbackListData = ListPage<ListedPostback> & {
  options: { states: Options; statuses: Options };
  tellSkip: typeof tellSkip;
};

/** Postbacks of all partners, the newest first. */
export const sendPostbackList = definePage<PostbackListData>(
  'postbacks',
  listTemplate({
    title: 'Postbacks',
    path: '/ops/postbacks',
    filters: `<%~ it.show.field({ name: 'partner_id', label: 'Partner', type: 'search', value: it.given.partner_id, error: it.errors.partner_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.field({ name: 'ref_id', label: 'ref_id', type: 'search', value: it.given.ref_id, error: it.errors.ref_id, attributes: { maxlength: '32' } }) %>
<%~ it.show.field({ name: 'offer_id', label: 'Offer', type: 'search', value: it.given.offer_id, error: it.errors.offer_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'state', label: 'State', value: it.given.state, options: it.options.states }) %>
<%~ it.show.select({ name: 'status', label: 'Tells', value: it.given.status, options: it.options.statuses }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>`,
    columns: [
      { label: 'When', cell: `<%~ it.show.time(row.created_at) %>` },
      {
        label: 'Postback',
        cell: `<%~ it.show.id(row.postback_id, '/ops/postbacks/' + encodeURIComponent(row.postback_id)) %>`,
      },
      {
        label: 'Partner',
        cell: `<% if (row.partner_id === 'house') { %><span class="soft">house</span><% } else { %><a href="/ops/partners/<%= encodeURIComponent(row.partner_id) %>"><%= row.partner_id %></a><% } %>`,
        look: 'wrap',
      },
      {
        label: 'State',
        cell: `<%~ it.show.state(row.state) %><% if (row.skip_reason) { %> <span class="soft small"><%= it.tellSkip(row.skip_reason) %></span><% } else if (row.next_attempt_at) { %> <span class="soft small">next <%~ it.show.countdown(row.next_attempt_at) %></span><% } %><% if (row.attempts > 1) { %> <span class="soft small">after <%= row.attempts %> attempts</span><% } %>`,
      },
      { label: 'Tells', cell: `<%~ it.show.state(row.status) %>` },
      {
        label: 'ref_id',
        cell: `<% if (row.ref_id !== null) { %><%~ it.show.id(row.ref_id) %><% } else { %><span class="soft">none</span><% } %>`,
      },
      { label: 'Payout', cell: `<%~ it.show.money(row.payout.amount, row.payout.currency) %>`, look: 'number' },
    ],
    nothing: {
      fits: 'No postback is like this. Ids and ref_ids must be whole.',
      yet: { title: 'No postbacks yet', text: 'The first one is made by the first status of a conversion.' },
    },
  }),
);
