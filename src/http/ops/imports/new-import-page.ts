import type { ImportField } from '../../../domain/imports/columns.ts';
import { definePage } from '../ops-page.ts';

/** What can be typed of a file; `columns` by our names. */
export type ImportForm = {
  advertiser_id: string;
  dry_run: string;
  notify: string;
  again: string;
  columns: Partial<Record<ImportField, string>>;
};

export type NewImportData = {
  form: ImportForm;
  errors: Record<string, string>;
  advertisers: { value: string; label: string }[];
  columns: { field: ImportField; label: string; help: string }[];
};

// The file is the last field: what stands after it would come too late to be heeded.
export const sendNewImport = definePage<NewImportData>(
  'imports',
  `
<p class="small"><a href="/ops/imports">Imports</a></p>
<div class="head"><h1>Import a file</h1><p>CSV with a header, or JSON: an object in each line, or an array of objects. UTF-8, up to a million rows.</p></div>
<% if (it.errors.file) { %><%~ it.show.notice({ tone: 'bad', title: 'Nothing of the file was kept', text: it.errors.file, role: 'alert' }) %><% } %>
<section class="card">
<form method="post" action="/ops/imports" enctype="multipart/form-data">
<%~ it.show.formToken() %>
<% if (it.advertisers.length > 0) { %>
<%~ it.show.select({ name: 'advertiser_id', label: 'Advertiser', value: it.form.advertiser_id, error: it.errors.advertiser_id, options: it.advertisers, attributes: { required: '' } }) %>
<% } else { %>
<%~ it.show.field({ name: 'advertiser_id', label: 'Advertiser id', value: it.form.advertiser_id, error: it.errors.advertiser_id, attributes: { required: '', maxlength: '64' } }) %>
<% } %>
<%~ it.show.select({ name: 'dry_run', label: 'What happens', value: it.form.dry_run, options: [{ value: 'true', label: 'Try it first, write nothing' }, { value: 'false', label: 'Book the rows at once' }] }) %>
<%~ it.show.select({ name: 'notify', label: 'Postbacks', value: it.form.notify, options: [{ value: 'true', label: 'Tell the partners' }, { value: 'false', label: 'Book without telling any partner' }] }) %>
<%~ it.show.select({ name: 'again', label: 'If the same file was sent before', value: it.form.again, options: [{ value: 'false', label: 'Show what became of it' }, { value: 'true', label: 'Import it once more' }] }) %>
<details<% if (Object.keys(it.errors).some((name) => name.startsWith('mapping'))) { %> open<% } %>>
<summary>Columns</summary>
<p class="help">What is left empty is looked for by the names of the advertiser's last file, by those of its vocabulary, then by ours.</p>
<% for (const column of it.columns) { %>
<%~ it.show.field({ name: 'column_' + column.field, label: column.label, value: it.form.columns[column.field] ?? '', error: it.errors['mapping.' + column.field], help: column.help, attributes: { maxlength: '200', spellcheck: 'false', autocomplete: 'off' } }) %>
<% } %>
</details>
<div class="field"><label for="file">File</label><input id="file" name="file" type="file" required accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,text/csv,application/json"></div>
<div class="row"><button>Send the file</button><a class="button plain" href="/ops/imports">Leave it</a></div>
</form>
</section>
`,
);
