import { compilePart } from '../templates.ts';

type Described = {
  name: string;
  label: string;
  help?: string | undefined;
  error?: string | undefined;
};

/** A field of one line, or of several with `rows`. */
export type Field = Described & {
  value?: string | undefined;
  type?: 'text' | 'url' | 'password' | 'number' | 'date' | 'search' | 'datetime-local';
  rows?: number;
  /** Further attributes, such as `autocomplete` or `maxlength`; an empty value is a mere name. */
  attributes?: Record<string, string>;
};

export type Select = Described & {
  value?: string | undefined;
  options: { value: string; label: string }[];
  attributes?: Record<string, string>;
};

const BEGIN = `<div class="field"><label for="<%= it.name %>"><%= it.label %></label>`;
const ATTRIBUTES = `id="<%= it.name %>" name="<%= it.name %>"<% if (it.describedBy) { %> aria-describedby="<%= it.describedBy %>"<% } %><% if (it.error) { %> aria-invalid="true"<% } %><% for (const [name, value] of Object.entries(it.attributes ?? {})) { %> <%= name %><% if (value !== '') { %>="<%= value %>"<% } %><% } %>`;
const END = `<% if (it.error) { %><p class="error" id="<%= it.name %>-error"><%= it.error %></p><% } %><% if (it.help) { %><p class="help" id="<%= it.name %>-help"><%= it.help %></p><% } %></div>`;

const input = compilePart<Field & { describedBy: string }>(
  `${BEGIN}<% if (it.rows) { %><textarea ${ATTRIBUTES} rows="<%= it.rows %>"><%= it.value ?? '' %></textarea><% } else { %><input ${ATTRIBUTES} type="<%= it.type ?? 'text' %>" value="<%= it.value ?? '' %>"><% } %>${END}`,
);
const select = compilePart<Select & { describedBy: string }>(
  `${BEGIN}<select ${ATTRIBUTES}><% for (const option of it.options) { %><option value="<%= option.value %>"<% if (option.value === (it.value ?? '')) { %> selected<% } %>><%= option.label %></option><% } %></select>${END}`,
);

/** Label above, error and help below, read out with the field. */
export function showField(field: Field): string {
  return input({ ...field, describedBy: describe(field) });
}

export function showSelect(field: Select): string {
  return select({ ...field, describedBy: describe(field) });
}

function describe({ name, error, help }: Described): string {
  return [...(error ? [`${name}-error`] : []), ...(help ? [`${name}-help`] : [])].join(' ');
}
