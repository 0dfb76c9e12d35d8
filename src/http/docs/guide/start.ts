import { defineSection } from './guide-section.ts';

/** The whole way in a few steps. */
export const startSection = defineSection(
  'start',
  'In four steps',
  `
<ol>
<li>Sign in to your <a href="/console">console</a> with your API key. It shows your <code>partner_id</code> and your <a href="#referral-link">referral link</a>.</li>
<li>Put your tracker's click id into the link as <a href="#ref-id"><code>ref_id</code></a>.</li>
<li>Save your <a href="#postback-url">postback URL</a>, from the preset of <a href="#trackers">your tracker</a> or by hand, and <a href="#test-call">test it</a>.</li>
<li>Send visitors. When an advertiser says what became of one, we call your URL: at once, or up to <%= it.window %> later.</li>
</ol>
<p>By the API it is the same. Your key goes into a variable, and these lines show who you are and save your postback URL:</p>
<pre class="shell"><code>curl -s "<%= it.publicUrl %>/v1/partner" \\
  -H "Authorization: Bearer $KEY"
curl -s -X PUT "<%= it.publicUrl %>/v1/partner/postback" \\
  -H "Authorization: Bearer $KEY" \\
  -H 'Content-Type: application/json' \\
  -d '{"url":"https://tracker.example/postback?cid={ref_id}&amp;status={status}&amp;payout={payout}&amp;txid={conversion_id}"}'</code></pre>`,
);
