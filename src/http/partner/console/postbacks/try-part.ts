/**
 * What would be sent, what may be wrong with it, and trying it. The preview follows what is typed beside it; what came of a
 * test stays until the next one.
 */
export const TRY_PART = `
<div class="card" id="try">
<h2>Try it</h2>
<div class="split">
<%~ it.show.select({ name: 'test_status', label: 'Status', value: it.form.testStatus, options: it.words.statusOptions }) %>
<%~ it.show.field({ name: 'test_ref_id', label: 'ref_id', value: it.form.testRefId, error: it.errors.test_ref_id, help: 'A real click id, if your tracker knows only such.', attributes: { placeholder: 'test-click', maxlength: '32', autocomplete: 'off', spellcheck: 'false' } }) %>
</div>
<div id="preview" hx-post="/console/postbacks/check" hx-include="#editor" hx-trigger="input delay:400ms from:#editor" hx-select="#preview > *" hx-target="this" hx-swap="innerHTML" hx-sync="this:replace">
<% for (const message of Object.values(it.errors)) { %><%~ it.show.notice({ tone: 'bad', text: message }) %><% } %>
<% if (it.preview) { %>
<% if (it.warnings.length > 0) { %><ul class="warnings" aria-label="Warnings"><% for (const warning of it.warnings) { %><li><%~ it.show.notice({ tone: 'busy', text: warning.message }) %></li><% } %></ul><% } %>
<h3>What would be sent</h3>
<pre tabindex="0" aria-label="The request"><%= it.preview.text %></pre>
<% if (it.preview.error) { %><%~ it.show.notice({ tone: 'bad', text: 'With these values the URL cannot be called (' + it.preview.error + ').' }) %><% } %>
<% } else { %>
<p class="soft">Here you see the exact request as soon as the settings can be used.</p>
<% } %>
</div>
<p class="row"><button class="plain" id="send-test" formaction="/console/postbacks/test#try" hx-post="/console/postbacks/test" hx-select="#test > *" hx-target="#test" hx-swap="innerHTML" hx-trigger="click" hx-sync="this:drop">Send a test</button> <span class="soft small">Calls your endpoint now, with values that say they are a test.</span></p>
<div role="status" id="test">
<% if (it.testRefusal) { %><%~ it.show.notice({ tone: 'bad', text: it.testRefusal }) %><% } %>
<% if (it.test) { %>
<h3 class="row">The test was <%~ it.show.state(it.test.verdict) %><% if (it.test.response) { %> <span class="soft small">in <%= Math.round(it.test.response.duration_ms) %> ms</span><% } %></h3>
<p class="told"><%= it.test.explanation %></p>
<h4>What was sent</h4>
<pre tabindex="0" aria-label="The request of the test"><%= it.texts.requestText(it.test.request) %></pre>
<h4>What came back</h4>
<pre tabindex="0" aria-label="The answer to the test"><%= it.texts.answerText(it.test.response, it.test.error) %></pre>
<% } %>
</div>
</div>
`;
