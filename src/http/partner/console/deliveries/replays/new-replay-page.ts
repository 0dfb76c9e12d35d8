import type { Response } from 'express';
import { definePage } from '../../console-page.ts';

export type NewReplayData = {
  /** As they stand in the form. */
  given: { from: string; to: string; include_delivered: boolean; rate_per_second: string };
  errors: Record<string, string>;
  /** What it would do, in sentences; empty while the range cannot be read. */
  preview: string[];
  toSend: number;
  /** What is sent when the reader agrees: moments as ISO 8601 UTC. */
  range: { from: string; to: string } | undefined;
  refusal: string | undefined;
  zone: string;
};

const sendPage = definePage<NewReplayData>(
  'deliveries',
  `
<p><a href="/console/deliveries/replays">Replays</a></p>
<div class="head"><h1>New replay</h1>
<p>Sends once more the postbacks that failed, and those skipped for want of a postback URL. Nothing is sent before you have seen the numbers.</p></div>
<% if (it.refusal) { %><%~ it.show.notice({ tone: 'bad', text: it.refusal, role: 'alert' }) %><% } %>
<section class="card">
<form method="get" action="/console/deliveries/replays/new">
<div class="split span-fields">
<%~ it.show.field({ name: 'from', label: 'Made from', type: 'datetime-local', value: it.given.from, error: it.errors.from, help: 'In ' + it.zone + '.', attributes: { step: '1' } }) %>
<%~ it.show.field({ name: 'to', label: 'Made until', type: 'datetime-local', value: it.given.to, error: it.errors.to, help: 'In ' + it.zone + '.', attributes: { step: '1' } }) %>
</div>
<%~ it.show.field({ name: 'rate_per_second', label: 'At most so many per second', type: 'number', value: it.given.rate_per_second, error: it.errors.rate_per_second, help: 'Empty: as fast as your endpoint answers.', attributes: { min: '0.1', step: 'any', inputmode: 'decimal' } }) %>
<fieldset><label><input type="checkbox" name="include_delivered" value="yes"<% if (it.given.include_delivered) { %> checked<% } %>> Also those that were delivered: your endpoint gets them a second time</label></fieldset>
<button<% if (it.range) { %> class="plain"<% } %>>Show what it would do</button>
</form>
</section>
<% if (it.range) { %>
<section class="card" aria-labelledby="preview">
<h2 id="preview">What it would do</h2>
<ul class="plain-list"><% for (const sentence of it.preview) { %><li><%= sentence %></li><% } %></ul>
<p class="soft small">Of one conversion an older status is never sent after a newer one. Each postback keeps its postback_id, so a tracker that has one already can tell.</p>
<% if (it.toSend > 0) { %>
<form method="post" action="/console/deliveries/replays">
<%~ it.show.formToken() %>
<input type="hidden" name="from" value="<%= it.range.from %>"><input type="hidden" name="to" value="<%= it.range.to %>">
<input type="hidden" name="rate_per_second" value="<%= it.given.rate_per_second %>">
<% if (it.given.include_delivered) { %><input type="hidden" name="include_delivered" value="yes"><% } %>
<button>Replay <%= it.toSend %> <%= it.toSend === 1 ? 'postback' : 'postbacks' %></button>
</form>
<% } %>
</section>
<% } %>
`,
);

export function sendNewReplay(res: Response, status: number, data: NewReplayData): void {
  sendPage(res, { title: 'New replay', status }, data);
}
