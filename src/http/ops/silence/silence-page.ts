import type { AdvertiserSilence, Reminder } from '../../../db/reports/silence.ts';
import { listTemplate, type ListPage } from '../list-page.ts';
import { definePage } from '../ops-page.ts';

type SilenceData = {
  rows: AdvertiserSilence[];
  silent: number;
  buckets: string[];
  count: (value: number) => string;
};

/** Which advertisers do not answer. */
export const sendSilence = definePage<SilenceData>(
  'silence',
  `
<div class="head"><h1>Silence</h1><a class="button plain" href="/ops/silence/reminders">Windows that close soon</a></div>
<% if (it.silent > 0) { %>
<%~ it.show.notice({ tone: 'bad', title: it.silent === 1 ? 'One advertiser has gone silent' : it.silent + ' advertisers have gone silent', text: 'They report daily, and have stopped. Look into the inbound log for calls that were refused, then ask them.' }) %>
<% } %>
<p class="soft">Visitors of whom their advertiser has said nothing yet, by the days since they went to it. Most visitors take nothing up, so read a row against its own past rather than against other rows. When the window ends, they expire.</p>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="Conversions without an answer">
<table class="cards">
<thead><tr><th scope="col">Advertiser</th><th scope="col">Last call</th><% for (const bucket of it.buckets) { %><th scope="col" class="number"><%= bucket %> days</th><% } %><th scope="col" class="number">All</th><th scope="col"><span class="unseen">What to do</span></th></tr></thead>
<tbody>
<% for (const row of it.rows) { const asked = encodeURIComponent(row.advertiser_id); %>
<tr>
<th scope="row" class="wrap"><a href="/ops/advertisers/<%= asked %>"><%= row.advertiser_name %></a><% if (row.is_silent) { %> <%~ it.show.state('silent') %><% } %></th>
<td data-label="Last call"><a href="/ops/inbound?advertiser_id=<%= asked %>"><% if (row.last_call_at === null) { %>never<% } else { %><%~ it.show.time(row.last_call_at) %><% } %></a><% if (row.reports_daily && !row.is_silent) { %> <span class="soft small">reports daily</span><% } %></td>
<% for (const bucket of it.buckets) { %><td data-label="<%= bucket %> days" class="number"><% if (row.unanswered[bucket] === 0) { %><span class="soft">0</span><% } else { %><%= it.count(row.unanswered[bucket]) %><% } %></td><% } %>
<td data-label="All" class="number"><%= it.count(row.unanswered.total) %></td>
<td><% if (row.unanswered['13+'] > 0) { %><a href="/ops/silence/reminders?advertiser_id=<%= asked %>">To remind of</a><% } %></td>
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else { %>
<%~ it.show.nothing({ title: 'No advertisers yet', text: 'Here you see who answers, and who does not.' }) %>
<% } %>
`,
);

type ReminderData = ListPage<Reminder> & { spans: { value: string; label: string }[]; csv: string };

/** Conversions of which an advertiser should say something before their window closes. */
export const sendReminders = definePage<ReminderData>(
  'silence',
  listTemplate({
    title: 'Windows that close soon',
    path: '/ops/silence/reminders',
    above: `<p class="small"><a href="/ops/silence">Silence</a></p>`,
    beside: `<a class="button plain" href="<%= it.csv %>">As a file (CSV)</a>`,
    intro: `<p class="soft">Conversions without any status, the one that closes first on top. Choose an advertiser and send it the file.</p>`,
    filters: `<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser', type: 'search', value: it.given.advertiser_id, error: it.errors.advertiser_id, attributes: { maxlength: '64' } }) %>
<%~ it.show.select({ name: 'within_hours', label: 'Closes within', value: it.given.within_hours ?? '24', options: it.spans }) %>`,
    columns: [
      {
        label: 'Conversion',
        cell: `<%~ it.show.id(row.conversion_id, '/ops/conversions/' + encodeURIComponent(row.conversion_id)) %>`,
      },
      { label: 'Advertiser', cell: `<%= row.advertiser_id %>`, look: 'wrap' },
      { label: 'Offer', cell: `<%= row.offer_id %>`, look: 'wrap' },
      { label: 'Began', cell: `<%~ it.show.time(row.created_at) %>` },
      { label: 'Window ends', cell: `<%~ it.show.exactTime(row.open_until) %>` },
    ],
    order: 'listed',
    nothing: {
      fits: 'No conversion without a status is like this and that near to the end of its window.',
      yet: {
        title: 'Nothing closes',
        text: 'No conversion without a status is that near to the end of its window.',
      },
    },
  }),
);
