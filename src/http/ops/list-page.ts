// A list with filters above it, as the areas of this console show it.

/** What a page of such a list shows. */
export type ListPage<Row> = {
  given: Record<string, string>;
  errors: Record<string, string>;
  isFiltered: boolean;
  rows: Row[];
  first: string | undefined;
  next: string | undefined;
};

/** `cell` is a template in which `row` is at hand; on a phone its label stands above it. */
type Column = { label: string; cell: string; look?: 'number' | 'wrap' | 'head' };

type ListTemplate = {
  title: string;
  /** Where the list is. */
  path: `/ops/${string}`;
  /** Above the title, such as a way back. */
  above?: string;
  /** Beside the title, such as a button. */
  beside?: string;
  /** What one should know before one reads it. */
  intro?: string;
  /** The fields of the form. */
  filters: string;
  columns: Column[];
  /** Left out where the newest stands first. */
  order?: 'listed';
  /** What stands where nothing fits, and where there is nothing yet. */
  nothing: { fits: string; yet: { title: string; text: string; action?: string } };
};

/** The template of a page with such a list. */
export function listTemplate({ title, path, filters, columns, nothing, ...more }: ListTemplate): string {
  const { above = '', beside = '', intro = '', order = 'newest' } = more;
  return `
${above}
<div class="head"><h1>${title}</h1>${beside}</div>
${intro}
<form method="get" action="${path}" class="filters">
${filters}
<div class="row"><button class="plain">Show</button><% if (it.isFiltered) { %><a class="button quiet" href="${path}">All</a><% } %></div>
</form>
<% if (it.rows.length > 0) { %>
<div class="table" tabindex="0" role="region" aria-label="${title}">
<table class="cards">
<thead><tr>${columns.map(heading).join('')}</tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
${columns.map(cell).join('\n')}
</tr>
<% } %>
</tbody>
</table>
</div>
<% } else if (it.next) { %>
<p class="soft">None in this part of the list; it goes on.</p>
<% } else { %>
<%~ it.show.nothing(it.isFiltered ? { title: 'Nothing fits', text: ${JSON.stringify(nothing.fits)}, action: { label: 'Show all', href: '${path}' } } : ${nothingYet(nothing.yet)}) %>
<% } %>
<%~ it.show.pager({ first: it.first, next: it.next, order: '${order}' }) %>
`;
}

function heading({ label, look }: Column): string {
  return `<th scope="col"${look === 'number' ? ' class="number"' : ''}>${label}</th>`;
}

function cell({ label, cell: content, look }: Column): string {
  if (look === 'head') return `<th scope="row" class="wrap">${content}</th>`;
  return `<td data-label="${label}"${look === undefined ? '' : ` class="${look}"`}>${content}</td>`;
}

/** @param action a template's expression of an action, or of undefined for none */
function nothingYet({ title, text, action = 'undefined' }: ListTemplate['nothing']['yet']): string {
  return `{ title: ${JSON.stringify(title)}, text: ${JSON.stringify(text)}, action: ${action} }`;
}
