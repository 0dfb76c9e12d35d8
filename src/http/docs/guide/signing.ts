import { defineSection } from './guide-section.ts';
import { showSnippets } from './show-snippets.ts';
import { verifySnippets } from './verify-snippets.ts';

/** How a receiver can tell that a postback comes from us. */
export const signingSection = defineSection(
  'signing',
  'Signing',
  `
<p>Make a signing secret in your <a href="/console">console</a> if your receiver should be able to tell that a postback is ours and unchanged. It is shown once and looks like <code>whsec_…</code>; behind <code>whsec_</code> stands the key in base64. Without a secret nothing is signed.</p>
<p><strong>A POST</strong> then carries the headers of <a href="https://www.standardwebhooks.com">Standard Webhooks</a>, for which there are libraries in most languages: <code>webhook-id</code> is the <code>{postback_id}</code>, the same in all attempts; <code>webhook-timestamp</code> is the time of the attempt in seconds; <code>webhook-signature</code> holds <code>v1,</code> and the HMAC-SHA-256 of <code>id.timestamp.body</code> in base64, one for each live secret. Refuse what is older than five minutes. Some of these libraries take every body for JSON: choose <a href="#get-and-post">JSON</a> for yours if you use one.</p>
<p><strong>A GET</strong> is signed where its URL holds <code>{sig}</code>, as in</p>
<pre class="url"><code>https://tracker.example/postback?cid={ref_id}&amp;status={status}&amp;pb={postback_id}&amp;at={event_unix}&amp;sig={sig}</code></pre>
<p>Its value is the HMAC-SHA-256, in lower-case hex, of the whole URL exactly as we call it, from <code>https://</code> to its end, with nothing behind <code>sig=</code>. Put <code>{event_unix}</code> and <code>{postback_id}</code> into the URL and count a <code>{postback_id}</code> once, so that a URL that somebody has caught is worth nothing to them. A later attempt of a postback has the same URL, so do not refuse it for its age.</p>
<p><strong>To change the secret</strong>, make a new one and let the old one live on for a while. A POST carries both signatures meanwhile, so it passes whichever of the two you know. A GET has room for one and is signed with the new secret at once: give your receiver the new secret beside the old one right away. What it refuses in between comes again with the next attempt.</p>
<p>The functions below do both. <code>CASHCAT_SECRETS</code> holds your secret, or two with a blank between them.</p>
${showSnippets(verifySnippets, 'verify')}`,
);
