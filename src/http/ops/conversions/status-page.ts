import { definePage } from '../ops-page.ts';

export type StatusForm = { status: string; reason: string; comment: string };

type StatusData = {
  conversionId: string;
  current: string | null;
  form: StatusForm;
  errors: Record<string, string>;
  options: { value: string; label: string }[];
};

/** Gives a conversion a status by hand. */
export const sendGiveStatus = definePage<StatusData>(
  'conversions',
  `
<% const address = '/ops/conversions/' + encodeURIComponent(it.conversionId); %>
<p class="small"><a href="<%= address %>">The conversion</a></p>
<div class="head"><h1>Give a status by hand</h1></div>
<section class="card">
<p>Conversion <%~ it.show.id(it.conversionId, address) %> <% if (it.current === null) { %>has no status yet.<% } else { %>is <%~ it.show.state(it.current) %> now.<% } %> What you give is recorded like a call of its advertiser, whatever its window says: the reward is booked or revoked, and the partner is told. It stands in the story with your name, which no partner sees.</p>
<form method="post" action="<%= address %>/status">
<%~ it.show.formToken() %>
<%~ it.show.select({ name: 'status', label: 'Status', value: it.form.status, error: it.errors.status, options: it.options }) %>
<%~ it.show.field({ name: 'reason', label: 'Reason', value: it.form.reason, error: it.errors.reason, help: 'Why. The partner hears it, if its postback has {reason}.', attributes: { required: '', maxlength: '500' } }) %>
<%~ it.show.field({ name: 'comment', label: 'Comment', value: it.form.comment, error: it.errors.comment, help: 'For us alone, such as the number of a ticket.', attributes: { maxlength: '1000' } }) %>
<div class="row"><button>Record it</button><a class="button plain" href="<%= address %>">Leave it</a></div>
</form>
</section>
`,
);
