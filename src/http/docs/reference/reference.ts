import { compilePart } from '../../pages/templates.ts';
import type { Operation } from './operations.ts';

type ReferenceData = {
  publicUrl: string;
  groups: { name: string; description: string; operations: Operation[] }[];
};

const plainAndCode = (texts: string) =>
  `<% for (const [index, text] of ${texts}.entries()) { %><% if (index % 2 === 1) { %><code><%= text %></code><% } else { %><%= text %><% } %><% } %>`;

/** All calls of the API: parameters, answers, and for partners a line that makes the call. */
export const renderReference = compilePart<ReferenceData>(`
<% for (const group of it.groups) { %>
<h3><%= group.name %></h3>
<p><%= group.description %></p>
<% for (const operation of group.operations) { %>
<article>
<h4><strong class="method"><%= operation.method %></strong> <code><%= operation.path %></code></h4>
<p><strong><%= operation.summary %></strong> ${plainAndCode('operation.descriptionTexts')}</p>
<% if (operation.curl) { %>
<pre class="shell"><code><%= operation.curl %></code></pre>
<% } %>
<% if (operation.parameters.length > 0) { %>
<div class="scroll"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead>
<tbody>
<% for (const row of operation.parameters) { %>
<tr><td><code><%= row.name %></code></td><td><%= row.where %></td><td><%= row.required ? '' : 'Optional. ' %>${plainAndCode('row.texts')}</td></tr>
<% } %>
</tbody></table></div>
<% } %>
<% if (operation.answeredLike) { %>
<p>Answers: the same as to <%= operation.answeredLike %>.</p>
<% } else { %>
<details>
<summary>Answers</summary>
<% if (operation.example) { %>
<pre class="json"><code><%= operation.example %></code></pre>
<% } %>
<div class="scroll"><table>
<thead><tr><th scope="col">Answer</th><th scope="col">Meaning</th></tr></thead>
<tbody>
<% for (const response of operation.responses) { %>
<tr><td><code><%= response.status %></code></td><td>${plainAndCode('response.texts')}</td></tr>
<% } %>
</tbody></table></div>
</details>
<% } %>
</article>
<% } %>
<% if (group.name === 'For advertisers') { %>
<p>With examples, and with what to do about each answer: <a href="#report">Advertisers: report a status</a>.</p>
<% } %>
<% } %>
`);
