import type { ListedLead } from '../../../db/reports/lead-list.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage } from '../ops-page.ts';

type LeadListData = ListPage<ListedLead> & { statuses: { value: string; label: string }[] };

/** Leads, the newest first. */
export const sendLeadList = definePage<LeadListData>(
  'leads',
  listTemplate({
    title: 'Leads',
    path: '/ops/leads',
    filters: `<%~ it.show.field({ name: 'partner_id', label: 'Linked partner', type: 'search', value: it.given.partner_id, error: it.errors.partner_id, attributes: { maxlength: '64', placeholder: 'or house' } }) %>
<%~ it.show.field({ name: 'ref_id', label: 'ref_id', type: 'search', value: it.given.ref_id, error: it.errors.ref_id, attributes: { maxlength: '32' } }) %>
<%~ it.show.field({ name: 'offer_id', label: 'Offer', type: 'search', value: it.given.offer_id, error: it.errors.offer_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'status', label: 'Status', value: it.given.status, options: it.statuses }) %>
<%~ it.show.field({ name: 'from', label: 'From', type: 'date', value: it.given.from, error: it.errors.from }) %>
<%~ it.show.field({ name: 'to', label: 'To', type: 'date', value: it.given.to, error: it.errors.to }) %>`,
    columns: [
      { label: 'Began', cell: `<%~ it.show.time(row.created_at) %>` },
      { label: 'Lead', cell: `<%~ it.show.id(row.lead_id, '/ops/leads/' + encodeURIComponent(row.lead_id)) %>` },
      {
        label: 'Held by',
        cell: `<% if (row.linked_partner === 'house') { %><span class="soft">house</span><% } else { %><a href="/ops/partners/<%= encodeURIComponent(row.linked_partner) %>"><%= row.linked_partner %></a><% } %>`,
        look: 'wrap',
      },
      { label: 'Status', cell: `<%~ it.show.state(row.status) %>` },
      { label: 'Events', cell: `<%= row.events %>`, look: 'number' },
      { label: 'Window ends', cell: `<%~ it.show.time(row.open_until) %>` },
    ],
    nothing: {
      fits: 'No lead is like this. Ids and ref_ids must be whole.',
      yet: {
        title: 'No leads yet',
        text: 'A lead begins with the first visit by a partner’s link, or the first click on an offer.',
      },
    },
  }),
);
