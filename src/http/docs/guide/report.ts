import { statusFieldLengths } from '../../../domain/status-call.ts';
import { defineSection } from './guide-section.ts';
import { showSnippets } from './show-snippets.ts';
import { signSnippets } from './sign-snippets.ts';

/** What an advertiser's programs do: report by URL, by form or JSON, or by file, and prove that it is they. */
export const reportSections = [
  defineSection(
    'report',
    'Advertisers: report a status',
    `
<p>When we send you a visitor, your URL carries a <code>conversion_id</code>. Keep it, and tell us what became of it. You get an <code>advertiser_id</code> and a token from us. One line is enough:</p>
<pre class="shell"><code>curl -s "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/postback?conversion_id=$CONVERSION_ID&amp;status=approved&amp;token=$TOKEN"</code></pre>
<p>The same by POST, as a form or as JSON; the token is better kept in a header, because addresses end up in logs:</p>
<pre class="shell"><code>curl -s "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/postback" \\
  -H "Authorization: Bearer $TOKEN" \\
  -d "conversion_id=$CONVERSION_ID" -d status=approved -d reason=paid -d transaction_id=order-17
curl -s "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/postback" \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d "{\\"conversion_id\\":\\"$CONVERSION_ID\\",\\"status\\":\\"approved\\"}"</code></pre>
<div class="scroll"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">Meaning</th></tr></thead>
<tbody>
<tr><td><code>conversion_id</code></td><td>The id from your URL, at most ${statusFieldLengths.conversion_id} characters.</td></tr>
<tr><td><code>status</code></td><td><code>pending</code>: you have seen it and not decided; <code>approved</code>; <code>rejected</code>. Case makes no difference.</td></tr>
<tr><td><code>reason</code></td><td>Optional, at most ${statusFieldLengths.reason} characters. The partner may see it.</td></tr>
<tr><td><code>transaction_id</code></td><td>Optional: your own id of it, at most ${statusFieldLengths.transaction_id} characters. We find the conversion by it when you ask us.</td></tr>
<tr><td><code>token</code></td><td>Your token, unless it stands in the header.</td></tr>
</tbody></table></div>
<p>You need not know <code>pending</code> or <code>rejected</code>: send what you know. A decision may be corrected, from <code>approved</code> to <code>rejected</code> or back. Send the statuses of one conversion one after the other; each counts when it has its answer.</p>`,
  ),
  defineSection(
    'report-words',
    'Your own words and names',
    `
<p>If your system has words or parameters of its own, it need not change. Tell us what they mean, and we read them:</p>
<ul>
<li><strong>Words</strong>: <code>lead</code> is pending, <code>sale</code> is approved, <code>trash</code> is rejected. A word can also mean that its call is to be ignored, such as <code>test</code>. Case and surrounding blanks make no difference. Our own words go on working, unless you give them another meaning.</li>
<li><strong>Names</strong> of the parameters: <code>click_id</code> for <code>conversion_id</code>, <code>state</code> for <code>status</code>, and so on.</li>
<li><strong>A status that goes without saying</strong>: if you call only when something was sold, a call without a status can mean <code>approved</code>.</li>
</ul>
<p>With these words and names, this call approves a conversion:</p>
<pre class="shell own-words"><code>curl -s "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/postback?click_id=$CONVERSION_ID&amp;state=sale" \\
  -H "Authorization: Bearer $TOKEN"</code></pre>
<p>We never guess what a word means. A call with a word that we do not know is answered with 422 and kept; once you have told us what it means, we apply what we have kept, by the time at which it came.</p>`,
  ),
  defineSection(
    'report-answers',
    'Answers, and what to do',
    `
<p><strong>200 means that you need not call again.</strong> The answer says what came of it, in <code>result</code>. Everything else is refused, with a JSON body whose <code>kind</code> names the reason and whose <code>detail</code> says in a sentence what to send instead.</p>
<div class="scroll"><table>
<thead><tr><th scope="col">Answer</th><th scope="col">Meaning</th><th scope="col">What to do</th></tr></thead>
<tbody>
<tr><td>200 <code>recorded</code></td><td>The status is now this one.</td><td>Nothing.</td></tr>
<tr><td>200 <code>duplicate</code></td><td>It was this one already; nothing has changed.</td><td>Nothing.</td></tr>
<tr><td>200 <code>stale</code></td><td><code>pending</code> came after a decision, or a signed call was sent again after a newer one; nothing has changed.</td><td>Nothing.</td></tr>
<tr><td>200 <code>ignored</code></td><td>You have asked us to ignore this word.</td><td>Nothing.</td></tr>
<tr><td>400 <code>malformed</code></td><td>A parameter is missing, too long, or not a text.</td><td>Mend the call; <code>detail</code> names the parameter.</td></tr>
<tr><td>401 <code>unauthorized</code></td><td>The call does not <a href="#report-proof">prove</a> that it comes from you.</td><td>Check the token, the signature, and the address you call from.</td></tr>
<tr><td>404 <code>unknown</code></td><td>The conversion is not one of yours.</td><td>Check that you send the id from your URL as it came. It is kept: once it is clear what went wrong, we can judge it again.</td></tr>
<tr><td>409 <code>window_closed</code></td><td>It comes too late.</td><td>It is kept. Ask us to accept it.</td></tr>
<tr><td>413 <code>too_large</code></td><td>The body is larger than 64 KB.</td><td>Report one conversion a call, or send <a href="#report-files">a file</a>.</td></tr>
<tr><td>422 <code>unknown_status</code></td><td>We do not know this word.</td><td>It is kept. Tell us what it means.</td></tr>
<tr><td>429 <code>too_many</code></td><td>Too many calls with a wrong token came from your address.</td><td>Mend the token; wait for the seconds in <code>Retry-After</code>.</td></tr>
<tr><td>503 <code>unavailable</code>, 500, or no answer</td><td>It may not have been stored.</td><td>Call again after <code>Retry-After</code>, until you get an answer.</td></tr>
</tbody></table></div>
<p><strong>Repeats are harmless.</strong> The same status again is a duplicate: it pays nothing twice and nobody hears of it twice. So when in doubt, call again.</p>
<p><strong>Late statuses.</strong> A conversion is open until <%= it.window %> after the last visit of its visitor. A new status after that gets 409 and is kept for our people, who can accept it; what was recorded before is not touched. With <a href="#report-files">a file</a> you can report later what happened in time.</p>`,
  ),
  defineSection(
    'report-proof',
    'Proving that it is you',
    `
<p>You agree with us on one of these, or on several together; then all must hold:</p>
<ul>
<li><strong>A token</strong>, as a parameter or as <code>Authorization: Bearer</code>. When it is replaced, we can let the old one go on for as long as you need to change your system: both work meanwhile.</li>
<li><strong>A signature</strong>, that of <a href="https://www.standardwebhooks.com">Standard Webhooks</a>, with a secret from us that looks like <code>whsec_…</code>. Behind <code>whsec_</code> stands the key in base64.</li>
<li><strong>Your addresses</strong>: only calls from the ranges that you name are let in.</li>
</ul>
<p>To sign, send three headers: <code>webhook-id</code>, any text that is new for each status, and the same when you repeat it; <code>webhook-timestamp</code>, the time in seconds, which may be five minutes off; <code>webhook-signature</code>, which is <code>v1,</code> and the HMAC-SHA-256 of <code>id.timestamp.body</code> in base64. Sign the body exactly as you send it; then the query is not read at all. A status that you report without a body is signed over its query instead, as it is sent and without the question mark. Any other call without a body, such as one that asks for <a href="#report-files">an import</a> or books it, is signed over its method and its address from <code>/advertisers</code> on: <code>POST /advertisers/…/imports/…/apply</code>. When a secret is replaced, the old one can go on for a while as well.</p>
${showSnippets(signSnippets, 'sign')}`,
  ),
  defineSection(
    'report-files',
    'Reporting by file',
    `
<p>Without calls of your own you can send files, at any time and as often as you like: CSV with a header, JSON with an object in each line, or a JSON array. The columns are called as the parameters are; your own <a href="#report-words">words and names</a> hold here too. A file may hold <%= it.maxRows %> rows and <%= it.maxMegabytes %> MB; send a larger one in parts.</p>
<p>Try it first: a dry run judges each row and writes nothing.</p>
<pre class="shell file"><code>printf 'conversion_id,status,event_time\\n%s,approved,%s\\nno-such-id,approved,\\n' \\
  "$CONVERSION_ID" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" &gt; january.csv
curl -s -X POST "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/imports?dry_run=true" \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: text/csv' --data-binary @january.csv</code></pre>
<p>The answer is 202 with an <code>import_id</code>. With it you see how far it is, and what is wrong with which row; then you book the file, which judges each row anew:</p>
<pre class="shell"><code>curl -s "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/imports/$IMPORT_ID" \\
  -H "Authorization: Bearer $TOKEN"
curl -s "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/imports/$IMPORT_ID/errors.csv" \\
  -H "Authorization: Bearer $TOKEN"
curl -s -X POST "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/imports/$IMPORT_ID/apply" \\
  -H "Authorization: Bearer $TOKEN"</code></pre>
<p>Columns that are called otherwise are named once; the next file finds them by itself. In a form, the file is the last field:</p>
<pre class="shell file"><code>printf '{"Click ID":"%s","State":"rejected","When":"%s"}\\n' \\
  "$CONVERSION_ID" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" &gt; january.jsonl
curl -s "<%= it.publicUrl %>/advertisers/$ADVERTISER_ID/imports" \\
  -H "Authorization: Bearer $TOKEN" \\
  -F 'mapping={"conversion_id":"Click ID","status":"State","event_time":"When"}' \\
  -F 'file=@january.jsonl;type=application/x-ndjson'</code></pre>
<ul>
<li><code>event_time</code> is when it happened: <code>2026-01-31T09:15:00Z</code>, UTC where it names no zone, or Unix time. A row whose own time lies within the window counts although it comes later. A day without a time of day is refused.</li>
<li>With <code>event_time</code> the order of rows and files does not matter: a row that is older than the decision we have is <code>stale</code> and changes nothing. So it must be the time at which the status came to be. If your export knows only that of the sale, leave the column out: then a later row corrects an earlier one.</li>
<li>Objects of JSON need not all have the same names: each is read by its own. One that says the same thing twice, as in <code>Status</code> and <code>status</code>, is refused.</li>
<li>A file is taken whole or not at all. Once you have its <code>import_id</code> it is imported whatever happens here.</li>
<li>Rows are booked in their order, each once. The same file is imported once: whoever sends it again, with the same columns, gets the import that is there, with <code>was_sent_before</code>. To import it once more all the same, say <code>again=true</code>.</li>
<li>You see the imports that you have sent yourself. A file that we have imported for you already gets 409.</li>
<li>A row that is refused stops no other. <code>errors.csv</code> lists each with its number, why, and as it stood in your file: mend these rows and send them as a file of their own.</li>
<li>Instead of sending files you can give our people an https address of your export, with a header if your server wants a key. We fetch it as often as agreed, at least five minutes apart, and import what is new. It may list all conversions each time: a row that it repeats changes nothing. Let it answer 200 with the whole file, uncompressed and without a redirect; with an <code>ETag</code> it need not be sent again while it has not changed.</li>
<li>The token stands in the header, never in the address. With a signature, the whole body is signed, and options go into the fields of a form before the file, because the query is not covered. A signed call that books or ends an import is judged once: if it was refused, sign it anew to ask again.</li>
</ul>`,
  ),
];
