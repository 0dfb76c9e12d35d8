type Snippet = { language: string; title: string; code: string };

/** Snippets to unfold, one for each language. @param purpose the first part of their class, by which a test finds them */
export function showSnippets(snippets: readonly Snippet[], purpose: 'verify' | 'sign'): string {
  const shown = snippets.map(
    ({ language, title, code }) => `
<details>
<summary>${title}</summary>
<pre class="${purpose}-${language}"><code>${escapeHtml(code)}</code></pre>
</details>`,
  );
  return shown.join('\n');
}

function escapeHtml(code: string): string {
  return code.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
