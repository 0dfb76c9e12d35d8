import { compilePage } from '../../http/pages/templates.ts';
import { behaviours, type Behaviour, type ReceivedCall } from './received-call.ts';

type ReceivedData = {
  calls: (ReceivedCall & { said: string })[];
  buttons: { word: string; label: string; isOn: boolean }[];
};

const renderReceivedPage = compilePage<ReceivedData>(`
<h1>The demo partner's tracker</h1>
<p>Postbacks to the demo partner arrive here, newest first. <a href="/">Look again</a></p>
<form method="post" action="/behaviour">
<p id="answers">The next postbacks are answered with:</p>
<fieldset class="answers" aria-labelledby="answers">
<% for (const button of it.buttons) { %>
<button name="answer" value="<%= button.word %>" aria-pressed="<%= button.isOn %>"><%= button.label %></button>
<% } %>
</fieldset>
</form>
<% if (it.calls.length === 0) { %>
<p>Nothing yet. Send a visitor to the offer wall and report its status: the lines are in the terminal.</p>
<% } %>
<% for (const call of it.calls) { %>
<article>
<h2><strong class="method"><%= call.method %></strong> <time datetime="<%= call.time %>"><%= call.time %></time></h2>
<pre class="url"><code><%= call.path %></code></pre>
<% if (call.body) { %>
<pre class="url"><code><%= call.body %></code></pre>
<% } %>
<p>Answered: <%= call.said %></p>
<details><summary>Headers</summary>
<pre class="url"><code><%= call.headers.join('\\n') %></code></pre>
</details>
</article>
<% } %>
`);

const renderLandingPage = compilePage<{ conversionId: string | undefined }>(`
<section class="notice">
<h1>The advertiser's page</h1>
<% if (it.conversionId) { %>
<p>This is the advertiser's page; your conversion id is <code><%= it.conversionId %></code>.</p>
<% } else { %>
<p>This is the advertiser's page; it was opened without a conversion id.</p>
<% } %>
</section>
`);

export function renderReceived(calls: ReceivedCall[], behaviour: Behaviour): string {
  const shown = calls.map((call) => ({ ...call, said: behaviours[call.answered].said }));
  const buttons = Object.entries(behaviours).map(([word, { label }]) => ({ word, label, isOn: word === behaviour }));
  const frame = { page: 'docs receiver', title: 'Postbacks received by the demo partner', footer: 'Cashcat demo' };
  return renderReceivedPage(frame, { calls: shown, buttons });
}

export function renderLanding(conversionId: unknown): string {
  const frame = { page: 'message', title: "The advertiser's page", footer: 'Cashcat demo' };
  return renderLandingPage(frame, { conversionId: typeof conversionId === 'string' ? conversionId : undefined });
}
