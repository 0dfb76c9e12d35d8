import type { Area } from './areas.ts';
import { definePage } from './ops-page.ts';

/** What is asked before something is done that cannot simply be taken back; texts say what will happen, in numbers. */
export type Question = {
  /** Where it came from. */
  back: { href: string; label: string };
  title: string;
  texts: string[];
  /** Where the answer goes, with which fields. */
  post: string;
  fields?: Record<string, string>;
  yes: string;
  no: string;
  isDangerous: boolean;
  /** A choice that is part of the answer. */
  choice?: { name: string; label: string; value: string; options: { value: string; label: string }[] } | undefined;
};

const QUESTION = `
<% const question = it.question; %>
<p class="small"><a href="<%= question.back.href %>"><%= question.back.label %></a></p>
<div class="head"><h1><%= question.title %></h1></div>
<section class="card">
<% for (const text of question.texts) { %><p><%= text %></p><% } %>
<form method="post" action="<%= question.post %>">
<%~ it.show.formToken() %>
<% for (const [name, value] of Object.entries(question.fields ?? {})) { %><input type="hidden" name="<%= name %>" value="<%= value %>"><% } %>
<% if (question.choice) { %><%~ it.show.select(question.choice) %><% } %>
<div class="row"><button<% if (question.isDangerous) { %> class="danger"<% } %>><%= question.yes %></button><a class="button plain" href="<%= question.back.href %>"><%= question.no %></a></div>
</form>
</section>
`;

type SecretData = {
  title: string;
  text: string;
  secret: string;
  /** How it is used: a line to hand on with it. */
  example?: { label: string; line: string };
  /** What comes next, in its order. */
  steps?: { href: string; label: string }[];
  back: { href: string; label: string };
};

const SECRET = `
<p class="small"><a href="<%= it.back.href %>"><%= it.back.label %></a></p>
<section class="card new-key" role="status">
<h1><%= it.title %></h1>
<p><%= it.text %></p>
<pre id="new-key"><%= it.secret %></pre>
<p class="row"><%~ it.show.copy(it.secret, 'the secret', 'Copy it') %></p>
<% if (it.example) { %>
<p><%= it.example.label %></p>
<pre tabindex="0" aria-label="Example"><%= it.example.line %></pre>
<p class="row"><%~ it.show.copy(it.example.line, 'the example', 'Copy the line') %></p>
<% } %>
</section>
<% if (it.steps) { %>
<section class="card"><h2>What comes next</h2><ol class="steps"><% for (const step of it.steps) { %><li><a href="<%= step.href %>"><%= step.label %></a></li><% } %></ol></section>
<% } %>
<p><a href="<%= it.back.href %>">Go on to <%= it.back.label %></a></p>
`;

/** Compiles the page of an area that asks whether to go on. */
export const defineQuestion = (area: Area) => definePage<{ question: Question }>(area, QUESTION);

/** Compiles the page of an area that shows a secret that was made, this once. */
export const defineSecret = (area: Area) => definePage<SecretData>(area, SECRET);
