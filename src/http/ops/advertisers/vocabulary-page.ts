import { definePage } from '../ops-page.ts';

export type VocabularyForm = {
  /** A word in each row; rows without one are left out. */
  words: VocabularyRow[];
  defaultStatus: string;
  parameters: Record<string, string>;
  /** With what it was opened, for itself to say when it is sent. */
  opened: string;
};

export type VocabularyRow = { word: string; meaning: string };

type Options = { value: string; label: string }[];

type VocabularyData = {
  advertiserId: string;
  name: string;
  form: VocabularyForm;
  /** What is wrong with it, each in a sentence. */
  problems: string[];
  unknown: { word: string; count: number; suggestion: string | null }[];
  meanings: Options;
  defaults: Options;
  fields: { name: string; label: string; help: string }[];
  mayChange: boolean;
};

/** How an advertiser speaks, to be changed. */
export const sendVocabulary = definePage<VocabularyData>(
  'advertisers',
  `
<% const address = '/ops/advertisers/' + encodeURIComponent(it.advertiserId); %>
<p class="small"><a href="<%= address %>"><%= it.name %></a></p>
<div class="head"><h1>Words and parameters</h1></div>
<p class="soft">How <%= it.name %> speaks. Our own words <code>pending</code>, <code>approved</code> and <code>rejected</code> and our own names hold beside these, unless they are used here for something else. Case and surrounding blanks of words make no difference.</p>
<% if (it.problems.length > 0) { %>
<div class="message message-bad" role="alert" tabindex="-1"><div><p><strong>It was not saved</strong></p><ul class="plain-list"><% for (const problem of it.problems) { %><li><%= problem %></li><% } %></ul></div></div>
<% } %>
<% if (it.unknown.length > 0) { %>
<%~ it.show.notice({ tone: 'busy', title: 'Words that wait', text: 'Nobody has said what these mean: ' + it.unknown.map(({ word, count }) => word + ' (' + count + ')').join(', ') + '. They stand below; saving applies the calls that are kept for them.' }) %>
<% } %>
<form method="post" action="<%= address %>/vocabulary">
<%~ it.show.formToken() %>
<input type="hidden" name="opened" value="<%= it.form.opened %>">
<section class="card">
<h2>Words</h2>
<div class="table"><table class="word-rows">
<thead><tr><th scope="col">Its word</th><th scope="col">It means</th></tr></thead>
<tbody>
<% for (const [index, row] of it.form.words.entries()) { %>
<tr>
<td data-label="Its word"><input name="word" value="<%= row.word %>" maxlength="64" autocomplete="off" spellcheck="false" aria-label="Word <%= index + 1 %>"></td>
<td data-label="It means"><select name="meaning" aria-label="What word <%= index + 1 %> means"><% for (const option of it.meanings) { %><option value="<%= option.value %>"<% if (option.value === row.meaning) { %> selected<% } %>><%= option.label %></option><% } %></select></td>
</tr>
<% } %>
</tbody>
</table></div>
<p class="soft small">Empty a word to remove it. A call with a word to ignore changes nothing. Save to get more empty rows.</p>
<%~ it.show.select({ name: 'default_status', label: 'A call without a word means', value: it.form.defaultStatus, options: it.defaults, help: 'For advertisers whose bare call says enough.' }) %>
</section>
<section class="card">
<h2>Parameters</h2>
<p class="soft small">Its names of our parameters, where they differ.</p>
<% for (const field of it.fields) { %>
<%~ it.show.field({ name: 'parameter_' + field.name, label: field.label, value: it.form.parameters[field.name] ?? '', help: field.help, attributes: { maxlength: '64', autocomplete: 'off', spellcheck: 'false', placeholder: field.name } }) %>
<% } %>
</section>
<% if (it.mayChange) { %>
<div class="row"><button>Save and apply</button><a class="button plain" href="<%= address %>">Leave it</a></div>
<% } else { %><p class="soft">Your key may only look.</p><% } %>
</form>
`,
);
