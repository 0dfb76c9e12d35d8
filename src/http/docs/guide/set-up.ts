import { macroNames, type MacroName } from '../../../domain/postbacks/postback-url.ts';
import { REF_ID_MAX_LENGTH } from '../../../domain/ref-id.ts';
import { defineSection } from './guide-section.ts';

const MACRO_TEXTS: Readonly<Record<MacroName, string>> = {
  status: 'pending, approved or rejected; or your own words for them',
  ref_id: 'the id you gave the visit',
  conversion_id: 'unique for each conversion, at most 64 characters; the same in all its statuses',
  postback_id:
    'unique for each postback, 16 characters; the same in all attempts. Optional: by it you find the postback in the delivery log and by the API',
  payout: 'your reward, in major units: 12.50',
  currency: 'the currency of the payout: USD',
  offer_id: 'the offer',
  partner_id: 'you',
  event_time: 'when the status was recorded: 2026-01-31T09:15:00.000Z',
  event_unix: 'the same in seconds since 1970',
  reason: 'why, if the advertiser said so; else empty',
  sig: 'the signature of the URL, if you have a signing secret; else empty',
};

const macroRows = macroNames.map((name) => `<tr><td><code>{${name}}</code></td><td>${MACRO_TEXTS[name]}</td></tr>`);

/** What a partner does once: the link, the URL, the words. */
export const setUpSections = [
  defineSection(
    'referral-link',
    'Your referral link',
    `
<p>Your link holds your <code>partner_id</code>, which your console shows. It opens the offer wall:</p>
<pre class="url"><code><%= it.publicUrl %>/PARTNER_ID/?ref_id=123456789abcd</code></pre>
<p>With an <code>offer_id</code> it leads straight to the advertiser, without the wall:</p>
<pre class="url"><code><%= it.publicUrl %>/PARTNER_ID/?ref_id=123456789abcd&amp;offer_id=OFFER_ID</code></pre>
<p>A visit by a person is a <strong>touch</strong>. Pages that a browser loads in advance, <code>HEAD</code> requests and known bots are not counted.</p>`,
  ),
  defineSection(
    'ref-id',
    'ref_id: your own id of the visit',
    `
<p>Put your click id, usually a macro of your tracker, into <code>ref_id</code>. It comes back in every postback, so that your tracker knows which visit earned the money.</p>
<ul>
<li>It is optional. <strong>Without a ref_id we send no postback</strong>; your reward is booked all the same.</li>
<li>At most ${REF_ID_MAX_LENGTH} characters. We never cut one off: with a longer one, or one with control characters, the touch counts and the reward is booked, but no postback is sent, and your console warns you with a sample. A UUID with dashes has 36 characters; without its dashes it has 32 and fits.</li>
<li>It belongs to the visit. When your visitor comes again by your link with another ref_id, the new one counts; without a ref_id, the earlier one stays. When the visitor comes by another partner's link in between, your earlier ref_id is gone.</li>
<li>If <code>{clickid}</code> or the like arrives as it is written, your tracker has not filled its macro: check how the macro is spelled in your tracker.</li>
</ul>`,
  ),
  defineSection(
    'statuses',
    'Statuses',
    `
<div class="scroll"><table>
<thead><tr><th scope="col">Status</th><th scope="col">Meaning</th><th scope="col">Payout in the postback</th></tr></thead>
<tbody>
<tr><td><code>pending</code></td><td>The advertiser has seen the conversion and has not decided.</td><td>what it would bring as things stand</td></tr>
<tr><td><code>approved</code></td><td>Your reward is booked.</td><td>your reward</td></tr>
<tr><td><code>rejected</code></td><td>It brings nothing. After <code>approved</code> it is a correction: the reward is revoked.</td><td>0</td></tr>
</tbody></table></div>
<p>Not every advertiser sends all of these: some know only <code>approved</code>, and never say <code>pending</code> or <code>rejected</code>. Some do not report online but by files, so a status may come up to <%= it.window %> after the visit. A decision may be corrected, from <code>approved</code> to <code>rejected</code> or back; a <code>pending</code> after a decision changes nothing and is not sent.</p>`,
  ),
  defineSection(
    'postback-url',
    'Your postback URL',
    `
<p>When the status of a conversion changes, we call your URL. You set it in your <a href="/console">console</a> or by <a href="#api">the API</a>; nobody has to be asked. Put macros into its path or into the values of its parameters:</p>
<pre class="url"><code>https://tracker.example/postback?cid={ref_id}&amp;status={status}&amp;payout={payout}&amp;txid={conversion_id}</code></pre>
<p>Every value is percent-encoded, so none of them can add a parameter or change where the URL leads. A macro that we do not know is refused when you save, with the nearest one that we do know.</p>
<p>Use <code>{conversion_id}</code> where your tracker wants a transaction id: it stays the same from <code>pending</code> to <code>approved</code>. <code>{postback_id}</code> is new for each status.</p>
<p>The address must be public, with <code>http</code> or <code>https</code>; take <code>https</code>.</p>`,
  ),
  defineSection(
    'macros',
    'Macros',
    `
<div class="scroll"><table>
<thead><tr><th scope="col">Macro</th><th scope="col">Value</th></tr></thead>
<tbody>
${macroRows.join('\n')}
</tbody></table></div>`,
  ),
  defineSection(
    'get-and-post',
    'GET or POST',
    `
<p>We call by GET unless you choose POST. A POST carries every macro's value as a field of its body, as a form or as JSON, under the macro's name; <code>reason</code> only when there is one. Its URL may hold macros too.</p>`,
  ),
  defineSection(
    'words',
    'Your own words, URLs and switches',
    `
<p>For each status you choose whether it is sent, by which word (<code>{status}</code> then becomes that word), and, if your tracker needs it, to which URL of its own. A status that is switched off is recorded as <code>skipped</code>.</p>`,
  ),
];
