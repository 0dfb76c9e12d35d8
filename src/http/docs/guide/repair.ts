import { defineSection } from './guide-section.ts';

/** Seeing that it works, and getting back what went wrong. */
export const repairSections = [
  defineSection(
    'test-call',
    'Test before you send traffic',
    `
<p>Your console shows the exact request while you type your settings, and warns of what will likely cost you money: a status that your tracker needs and that is switched off, <code>{postback_id}</code> where a transaction id belongs, another system's macros. <strong>Send a test</strong> calls your endpoint at once, by the same client as every postback, and shows both sides with a sentence that says what the answer means.</p>
<p>A test says that it is one: its ids begin with <code>test</code>, and it carries the header <code>x-cashcat-test: 1</code>. Your tracker may refuse it because it does not know the click; give it a real click id as <code>ref_id</code> then.</p>
<pre class="shell"><code>curl -s -X POST "<%= it.publicUrl %>/v1/partner/postback/test" \\
  -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"status":"approved","ref_id":"123456789abcd"}'</code></pre>`,
  ),
  defineSection(
    'log',
    'The delivery log',
    `
<p>Under <a href="/console/deliveries">Deliveries</a> stands every postback to you, with each attempt as it was sent and answered, and why it is as it is. Filters stand in the address, so you can send a link. An answer of 200 whose body says that it was refused counts as delivered and is flagged.</p>
<pre class="shell"><code>curl -s "<%= it.publicUrl %>/v1/partner/postbacks?state=failed" \\
  -H "Authorization: Bearer $KEY"</code></pre>`,
  ),
  defineSection(
    'redelivery',
    'Redeliver: one postback',
    `
<p>To <strong>redeliver</strong> is to send one postback once more, to <strong>replay</strong> is to do so with all of a time range. A postback that has ended can be redelivered: that is a further attempt of the same postback, with the same <code>{postback_id}</code>, by your settings as they are now. It is refused when a <a href="#order">newer status</a> of the conversion has overtaken it.</p>`,
  ),
  defineSection(
    'replay',
    'Replay: many, after an outage of your endpoint',
    `
<p>When your endpoint was down for longer than our attempts went on, repair it, test it, and start a replay: everything that failed in a time range is sent once more. Your console proposes one, and says how many will be sent and how many are skipped before anything is sent.</p>
<ul>
<li>Of one conversion an older status is never sent after a newer one: what a newer status has overtaken is skipped.</li>
<li>What was skipped for want of a postback URL is taken up too. What was delivered is not, unless you ask for it.</li>
<li>Each postback keeps its <code>{postback_id}</code>.</li>
<li>You may set how many go per second, and pause, resume or cancel. It goes on when you close the page.</li>
</ul>
<pre class="shell"><code>curl -s -X POST "<%= it.publicUrl %>/v1/partner/replays" \\
  -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"from":"2026-01-31T10:00:00Z","to":"2026-01-31T14:00:00Z"}'</code></pre>`,
  ),
];
