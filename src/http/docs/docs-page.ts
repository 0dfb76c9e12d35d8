import type { oas31 } from 'zod-openapi';
import { macroNames, type MacroName } from '../../domain/postback-url.ts';
import { compilePage } from '../pages/templates.ts';

type Row = { name: string; where: string; required: boolean; text: string };
type Operation = {
  method: string;
  path: string;
  summary: string;
  description: string;
  parameters: Row[];
  /** The texts are plain and code by turns. */
  responses: { status: string; texts: string[] }[];
  /** The method before it, when its answers are the same. */
  answeredLike: string | undefined;
};
type DocsData = {
  publicUrl: string;
  intro: string;
  groups: { name: string; description: string; operations: Operation[] }[];
  macros: { name: string; text: string }[];
};

const MACRO_TEXTS: Readonly<Record<MacroName, string>> = {
  status: 'pending, approved or rejected; or your own words for them',
  ref_id: 'the id you gave the visit',
  conversion_id: 'unique for each conversion, at most 64 characters',
  postback_id: 'unique for each postback, 16 characters; the same in all attempts',
  payout: 'your reward, in major units: 12.50',
  currency: 'the currency of the payout: USD',
  offer_id: 'the offer',
  partner_id: 'you',
  event_time: 'when the status was recorded: 2026-01-31T09:15:00.000Z',
  event_unix: 'the same in seconds since 1970',
  reason: 'why, if the advertiser said so; else empty',
};

const renderPage = compilePage<DocsData>(`
<h1>Cashcat for partners and advertisers</h1>
<p><%= it.intro %> The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
<% for (const group of it.groups) { %>
<h2><%= group.name %></h2>
<p><%= group.description %></p>
<% for (const operation of group.operations) { %>
<article>
<h3><strong class="method"><%= operation.method %></strong> <code><%= operation.path %></code></h3>
<p><strong><%= operation.summary %></strong> <%= operation.description %></p>
<% if (operation.parameters.length > 0) { %>
<div class="scroll"><table>
<thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead>
<tbody>
<% for (const row of operation.parameters) { %>
<tr><td><code><%= row.name %></code></td><td><%= row.where %></td><td><%= row.required ? '' : 'Optional. ' %><%= row.text %></td></tr>
<% } %>
</tbody></table></div>
<% } %>
<% if (operation.answeredLike) { %>
<p>Answers: the same as to <%= operation.answeredLike %>.</p>
<% } else { %>
<div class="scroll"><table>
<thead><tr><th scope="col">Answer</th><th scope="col">Meaning</th></tr></thead>
<tbody>
<% for (const response of operation.responses) { %>
<tr><td><code><%= response.status %></code></td><td><% for (const [index, text] of response.texts.entries()) { %><% if (index % 2 === 1) { %><code><%= text %></code><% } else { %><%= text %><% } %><% } %></td></tr>
<% } %>
</tbody></table></div>
<% } %>
</article>
<% } %>
<% if (group.name === 'For advertisers') { %>
<p>One line that reports a sale:</p>
<pre><code>curl '<%= it.publicUrl %>/advertisers/ADVERTISER_ID/postback?conversion_id=CONVERSION_ID&amp;status=approved' -H 'Authorization: Bearer TOKEN'</code></pre>
<% } %>
<% } %>
<h2>Postbacks to partners</h2>
<p>When the status of a conversion changes, we call the URL you gave us, if the visit carried a ref_id. Only an answer with status 200 counts as received; after anything else, or without an answer in time, we make another attempt: by default we wait 10 seconds for an answer and make three attempts in all, five minutes apart. Redirects are not followed. Put these macros into the path or into the values of parameters; their values are percent-encoded.</p>
<div class="scroll"><table>
<thead><tr><th scope="col">Macro</th><th scope="col">Value</th></tr></thead>
<tbody>
<% for (const macro of it.macros) { %>
<tr><td><code>{<%= macro.name %>}</code></td><td><%= macro.text %></td></tr>
<% } %>
</tbody></table></div>
<pre><code>https://tracker.example/postback?cid={ref_id}&amp;status={status}&amp;payout={payout}&amp;txid={postback_id}</code></pre>
`);

/** The description of the API as a page. */
export function renderDocs(description: oas31.OpenAPIObject, publicUrl: string): string {
  const operations = listOperations(description);
  const groups = (description.tags ?? []).map(({ name, description: text = '' }) => ({
    name,
    description: text,
    operations: operations.filter(({ tag }) => tag === name),
  }));
  const macros = macroNames.map((name) => ({ name, text: MACRO_TEXTS[name] }));
  const frame = { page: 'docs', title: 'Cashcat for partners and advertisers', footer: 'Cashcat' };
  return renderPage(frame, { publicUrl, intro: description.info.description ?? '', groups, macros });
}

function listOperations({ paths = {} }: oas31.OpenAPIObject): (Operation & { tag: string })[] {
  return Object.entries(paths).flatMap(([path, item]) => {
    const { get, post, put, delete: remove } = item;
    const tag = (get ?? post ?? put ?? remove)?.tags?.[0] ?? '';
    const answeredLike = get && post && haveSameAnswers(get, post) ? 'GET' : undefined;
    return [
      ...(get ? [{ tag, ...toOperation('GET', path, get), answeredLike: undefined }] : []),
      ...(post ? [{ tag, ...toOperation('POST', path, post), answeredLike }] : []),
      ...(put ? [{ tag, ...toOperation('PUT', path, put), answeredLike: undefined }] : []),
      ...(remove ? [{ tag, ...toOperation('DELETE', path, remove), answeredLike: undefined }] : []),
    ];
  });
}

function haveSameAnswers(one: oas31.OperationObject, other: oas31.OperationObject): boolean {
  return JSON.stringify(one.responses) === JSON.stringify(other.responses);
}

function toOperation(method: string, path: string, operation: oas31.OperationObject): Omit<Operation, 'answeredLike'> {
  return {
    method,
    path,
    summary: endSentence(operation.summary ?? ''),
    description: operation.description ?? '',
    parameters: [...listParameters(operation), ...listBodyFields(operation)],
    responses: Object.entries(operation.responses ?? {}).map(([status, response]) => ({
      status,
      texts: (response as oas31.ResponseObject).description.split('`'),
    })),
  };
}

function listParameters({ parameters = [] }: oas31.OperationObject): Row[] {
  return (parameters as oas31.ParameterObject[]).map(({ name, in: where, required = false, description, schema }) => {
    const text = description ?? (schema as oas31.SchemaObject | undefined)?.description ?? '';
    return { name, where, required, text };
  });
}

function listBodyFields({ requestBody }: oas31.OperationObject): Row[] {
  const [media] = Object.values((requestBody as oas31.RequestBodyObject | undefined)?.content ?? {});
  const schema = media?.schema as oas31.SchemaObject | undefined;
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    where: 'body',
    required: schema?.required?.includes(name) ?? false,
    text: (property as oas31.SchemaObject).description ?? '',
  }));
}

function endSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
