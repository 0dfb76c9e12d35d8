import { defineSection } from './guide-section.ts';

/** The rules by which postbacks reach a partner. */
export const deliverySections = [
  defineSection(
    'success',
    'What counts as received',
    `
<p><strong>HTTP status 200, and nothing else.</strong> 201, 204, a redirect, an error or no complete answer within <%= it.timeout %> count as failed. Redirects are never followed: save the address that your endpoint redirects to.</p>
<p>We do not judge the body of a 200. Some trackers answer 200 and say in the body that they refused (<code>success=false</code>, "SubID not found"): the <a href="#log">delivery log</a> flags such answers.</p>`,
  ),
  defineSection(
    'attempts',
    'Attempts',
    `
<p>A postback is sent in at most <%= it.attempts %> attempts, with <%= it.interval %> from the end of one to the start of the next. Then it is <code>failed</code>. Your settings are read at each attempt: repair your URL between two of them and the next one goes to the new URL.</p>
<p>All attempts of a postback carry the same <code>{postback_id}</code>. When your answer was lost on its way, you receive the same postback again: count a <code>{postback_id}</code> once.</p>
<div class="scroll"><table>
<thead><tr><th scope="col">State</th><th scope="col">Meaning</th></tr></thead>
<tbody>
<tr><td><code>scheduled</code></td><td>The first attempt is about to be made.</td></tr>
<tr><td><code>retrying</code></td><td>An attempt failed; another one follows.</td></tr>
<tr><td><code>delivered</code></td><td>You answered 200.</td></tr>
<tr><td><code>failed</code></td><td>The last attempt failed.</td></tr>
<tr><td><code>superseded</code></td><td>A newer status of the same conversion came before it was delivered.</td></tr>
<tr><td><code>skipped</code></td><td>It was not to be sent: no ref_id (<code>no_ref_id</code>), no postback URL (<code>not_configured</code>), the status is switched off (<code>status_off</code>), or it was booked without postbacks (<code>not_notified</code>), which an advertiser's file can ask for.</td></tr>
</tbody></table></div>`,
  ),
  defineSection(
    'failing-endpoint',
    'When your endpoint fails',
    `
<p>After several failures in a row your console warns you and says what your endpoint answered. Every postback still has its attempts. If you switch canaries on, your endpoint gets a test postback now and then while it is failing and nothing else is due, so that we notice when it has recovered. A test has a header <code>x-cashcat-test: 1</code>, its ids begin with <code>test</code>, and a canary pays 0: answer it with 200 and count it for nothing. What has failed meanwhile you can have sent again.</p>`,
  ),
  defineSection(
    'order',
    'Order',
    `
<p>Of one conversion you never receive an older status after a newer one. A newer status takes the place of an older one that has not been delivered; the older one becomes <code>superseded</code>. Different conversions do not wait for each other, and no other partner's slow endpoint delays you.</p>`,
  ),
  defineSection(
    'window',
    'The window',
    `
<p>A lead is open until <%= it.window %> after its last touch or conversion. Within that time the advertiser may report and correct statuses. Later ones are kept, but count only if our people accept them; write to us if you miss one. A lead without any status by then has expired.</p>`,
  ),
  defineSection(
    'handover',
    'Handover',
    `
<p>You were told <code>pending</code>, and then another partner's touch won the lead: without more, you hear nothing further. Switch on <strong>handover</strong> in your settings and you get <code>rejected</code> with <code>{reason}</code> <code>reattributed</code> when the other partner's conversion is approved. It is off unless you ask for it.</p>`,
  ),
];
