import { answerText, curlCommandFor, requestText } from './http-texts.ts';

/** What {@link ATTEMPTS_PART} calls. */
export const attemptTexts = { answerText, curlCommandFor, requestText };

/** Of a page whose data has a `postback` and the `texts`: each attempt with the bytes both ways, the latest first. */
export const ATTEMPTS_PART = `
<h2>Attempts</h2>
<% if (postback.attempts.length === 0) { %><p class="soft">None was made.</p><% } %>
<% for (const attempt of postback.attempts.toReversed()) { %>
<article class="card attempt">
<div class="head"><h3>Attempt <%= attempt.attempt %><% if (attempt.kind === 'redelivery') { %>, redelivered<% } %></h3><span class="row"><span class="soft small"><%~ it.show.exactTime(attempt.started_at) %><% if (attempt.duration_ms !== null) { %> · <%= attempt.duration_ms %> ms<% } %></span> <%~ it.show.state(attempt.outcome) %></span></div>
<p><%= attempt.explanation %></p>
<div class="split">
<div><h4>What was sent</h4>
<pre tabindex="0" aria-label="Request of attempt <%= attempt.attempt %>"><%= it.texts.requestText(attempt.request) %></pre>
<%~ it.show.copy(it.texts.curlCommandFor(attempt.request), 'attempt ' + attempt.attempt + ' as curl', 'Copy as curl') %></div>
<div><h4>What came back</h4>
<pre tabindex="0" aria-label="Answer to attempt <%= attempt.attempt %>"><%= attempt.outcome === 'running' ? 'Waiting for the answer.' : it.texts.answerText(attempt.response, attempt.error) %></pre></div>
</div>
</article>
<% } %>
`;
