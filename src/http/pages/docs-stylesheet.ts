/** The documentation: a contents beside a text of readable width; tables and code scroll inside themselves. */
export const DOCS_STYLESHEET = `
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
.docs .with-contents { display: grid; gap: 1.5rem; }
.docs .article { min-width: 0; max-width: 46rem; }
.docs h1 { margin: 1rem 0 .75rem; }
.docs .lead { color: var(--soft-ink); font-size: 1.05rem; }
.docs h2 { margin: 2.4rem 0 .6rem; font-size: 1.4rem; scroll-margin-top: 1rem; }
.docs h2 a { color: inherit; text-decoration: none; }
.docs h2 a:hover::after { content: " #"; color: var(--brand); }
.docs h3 { margin: 1.7rem 0 .4rem; font-size: 1.05rem; scroll-margin-top: 1rem; }
.docs h4 { margin: 0 0 .5rem; font-size: 1rem; overflow-wrap: anywhere; }
.docs #api ~ h3 { font-size: 1.2rem; }
.docs h2:target, .docs h3:target { color: var(--brand-strong); }
.docs article { background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); padding: 1.1rem 1.2rem .4rem; margin-bottom: 1rem; }
.docs .method { display: inline-block; min-width: 3.4rem; text-align: center; border-radius: 7px; padding: .1rem .45rem; margin-right: .4rem; background: var(--brand); color: #fff; font-size: .8rem; }
.docs .scroll { overflow-x: auto; margin-bottom: 1rem; }
.docs table { margin: 0; font-size: .92rem; }
.docs td, .docs th { background: var(--card); border-color: var(--line); color: var(--ink); vertical-align: top; }
.docs pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; overflow-x: auto; }
.docs pre:is(.url, .shell) { white-space: pre-wrap; overflow-wrap: anywhere; }
.docs code { background: transparent; padding: 0; color: var(--brand-strong); font-size: .9em; overflow-wrap: anywhere; }
.docs pre code { color: var(--ink); overflow-wrap: normal; }
.docs pre:is(.url, .shell) code { overflow-wrap: anywhere; }
.docs td:first-child code { overflow-wrap: normal; white-space: nowrap; }
.docs summary { color: var(--brand-strong); min-height: 2.5rem; display: flex; align-items: center; }
.docs .contents { display: none; }
.docs .contents-on-phones { border: 1px solid var(--line); border-radius: 14px; background: var(--card); padding: .3rem 1.1rem; }
.docs .contents-on-phones[open] { padding-bottom: .8rem; }
.docs :is(.contents, .contents-on-phones) p { margin: .5rem 0 .1rem; color: var(--soft-ink); font-weight: 700; }
.docs :is(.contents, .contents-on-phones) ul { display: block; margin: 0; padding: 0; columns: 9.5rem; }
.docs :is(.contents, .contents-on-phones) li { display: block; list-style: none; padding: 0; margin: 0; break-inside: avoid; }
.docs :is(.contents, .contents-on-phones) a { display: block; padding: .35rem 0; margin: 0; text-decoration: none; line-height: 1.3; }
.docs :is(.contents, .contents-on-phones) a:is(:hover, :focus-visible) { text-decoration: underline; }
.receiver main { max-width: 52rem; }
.receiver article { padding-bottom: 1rem; }
.receiver article h2 { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .5rem; margin: 0 0 .6rem; font-size: 1rem; }
.receiver .answers { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1.5rem; padding: 0; border: 0; box-shadow: none; }
.receiver .answers button { flex: none; width: auto; min-height: 40px; margin: 0; padding: .4rem 1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); color: var(--ink); font-size: .95rem; box-shadow: none; }
.receiver .answers button[aria-pressed=true] { background: var(--brand-strong); border-color: var(--brand-strong); color: var(--card); font-weight: 700; }
.receiver .answers button:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; }
@media (max-width: 40rem) {
  .docs :is(td, th) { padding: .5rem .4rem; overflow-wrap: anywhere; }
  .docs td:first-child { min-width: 7rem; }
  .docs td:first-child:nth-last-child(2) { min-width: 8.4rem; }
  .docs td:first-child code { white-space: normal; overflow-wrap: anywhere; }
}
@media (min-width: 980px) {
  .docs .with-contents { grid-template-columns: 14rem minmax(0, 1fr); gap: 3rem; }
  .docs .contents-on-phones { display: none; }
  .docs .contents { display: block; font-size: .92rem; position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; border: 0; background: none; padding: .5rem 0; }
  .docs :is(.contents, .contents-on-phones) ul { columns: auto; }
}
@media (prefers-color-scheme: dark) { .docs .method { color: #1d1208; } }
`;
