/** The frame of a console: areas at the side, on a phone above; the page beside it. */
export const FRAME_STYLESHEET = `
:root:has(> body.console) { --pico-font-size: 100%; }
body.console {
  --pico-font-weight: 400; --pico-line-height: 1.5; --pico-border-radius: 10px; --pico-spacing: 1rem;
  --pico-form-element-spacing-vertical: .5rem; --pico-form-element-spacing-horizontal: .75rem;
  --pico-primary: var(--brand-strong); --pico-primary-hover: var(--brand); --pico-primary-underline: currentColor;
  --pico-primary-background: var(--action); --pico-primary-border: var(--action); --pico-primary-hover-background: var(--brand-strong);
  --pico-primary-hover-border: var(--brand-strong); --pico-primary-inverse: var(--on-action); --pico-primary-focus: rgb(194 87 12 / 35%);
  --pico-background-color: var(--paper); --pico-muted-color: var(--soft-ink); --pico-muted-border-color: var(--line);
  --pico-form-element-background-color: var(--card); --pico-form-element-border-color: var(--field-line); --pico-form-element-color: var(--ink);
  --pico-form-element-active-background-color: var(--card); --pico-form-element-active-border-color: var(--brand); --pico-form-element-placeholder-color: var(--soft-ink);
  --pico-form-element-focus-color: var(--pico-primary-focus); --pico-code-background-color: transparent; --pico-code-color: inherit;
  --pico-accordion-close-summary-color: var(--brand-strong); --pico-accordion-open-summary-color: var(--brand-strong); --pico-accordion-active-summary-color: var(--brand);
  --pico-table-border-color: var(--line); --pico-h1-color: var(--ink); --pico-h2-color: var(--ink); --pico-h3-color: var(--ink);
  display: block; font-size: .95rem; -webkit-font-smoothing: antialiased;
}
.console .skip { position: absolute; left: -999rem; z-index: 2; padding: .6rem 1rem; background: var(--card); border-radius: 10px; }
.console .skip:focus { left: .75rem; top: .75rem; }
.console :focus-visible, .console :is([type=date], [type=datetime-local]):focus-within { outline: 3px solid var(--brand); outline-offset: 2px; }
.console main:focus, .console [role=alert]:focus { outline: none; }
.console > header.side, .console > main, .console > footer { max-width: none; margin: 0; padding: 0 1rem; }
.console > header.side { display: grid; grid-template-columns: 1fr auto; align-items: center; gap: .25rem .5rem; padding-top: .75rem; border-bottom: 1px solid var(--line); background: var(--card); }
.console a { color: var(--brand-strong); }
.console .brand { font-size: 1.1rem; text-decoration: none; color: var(--ink); }
.console .brand img { width: 30px; height: 30px; }
.console .areas { grid-area: 2 / 1 / 3 / 3; margin: 0 -1rem; overflow-x: auto; display: block; scrollbar-width: none; }
.console .areas ul { display: flex; align-items: stretch; gap: .15rem; margin: 0; padding: .25rem .75rem .5rem; list-style: none; width: max-content; }
.console .areas li { list-style: none; margin: 0; padding: 0; display: block; }
.console .areas a { display: flex; align-items: center; justify-content: flex-start; gap: .6rem; min-height: 40px; margin: 0; padding: .35rem .7rem; border-radius: 9px; color: var(--soft-ink); text-decoration: none; font-weight: 600; white-space: nowrap; }
.console .areas a:hover { background: var(--paper); color: var(--ink); }
.console .areas a[aria-current] { background: var(--quiet-paper); color: var(--ink); }
.console .areas .group { display: none; }
.console .seek { grid-area: 2 / 1 / 3 / 3; margin: 0; }
.console .seek input { width: 100%; height: 40px; margin: 0; font-size: .95rem; background-color: var(--paper); }
.console .side:has(.seek) .areas { grid-area: 3 / 1 / 4 / 3; }
.console .who small { display: block; font-weight: 400; color: var(--soft-ink); }
.console .areas svg { width: 18px; height: 18px; flex: none; }
.console .who { grid-area: 1 / 2; display: flex; align-items: center; gap: .6rem; min-width: 0; font-size: .88rem; }
.console .who > span { display: none; }
.console .who form { margin: 0; }
.console > main { padding-top: 1.25rem; padding-bottom: 3rem; min-width: 0; }
.console > main > * { max-width: 75rem; }
.console > footer { border: 0; padding-bottom: 1.5rem; }
.console h1 { font-size: 1.55rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
.console h2 { font-size: 1.1rem; margin: 0 0 .6rem; }
.console h3 { font-size: .98rem; margin: 0 0 .4rem; }
.console p { margin-bottom: .75rem; overflow-wrap: anywhere; }
.console section, .console article { margin: 0 0 1.75rem; }
.console .head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; margin-bottom: 1.25rem; }
.console .head p { margin: .2rem 0 0; color: var(--soft-ink); flex-basis: 100%; }
@media (min-width: 62rem) {
  body.console { display: grid; grid-template-columns: 14.5rem minmax(0, 1fr); grid-template-rows: 1fr auto; }
  body.console.signed-out { display: block; }
  .console > header.side { grid-row: 1 / 3; display: flex; flex-direction: column; align-items: stretch; gap: 1.25rem; position: sticky; top: 0; height: 100vh; padding: 1.25rem .9rem; border: 0; border-right: 1px solid var(--line); }
  .console .side .brand { padding: 0 .6rem; }
  .console .areas { margin: 0; flex: 1; overflow: auto; min-height: 0; }
  .console .side:has(.seek) { gap: .9rem; }
  .console .side:has(.seek) { padding-block: 1rem .75rem; }
  .console .side:has(.seek) .areas { scrollbar-width: thin; }
  .console .side:has(.seek) .areas ul { gap: 0; }
  .console .side:has(.seek) .areas a { min-height: 29px; padding: .1rem .6rem; font-size: .92rem; }
  .console .areas .group { display: block; padding: .4rem .6rem .1rem; font-size: .78rem; font-weight: 600; color: var(--soft-ink); }
  .console .areas ul { flex-direction: column; width: auto; padding: 0; }
  .console .side .who { flex-direction: column; align-items: stretch; gap: .25rem; padding: .9rem .6rem 0; border-top: 1px solid var(--line); }
  .console .who .quiet { padding-left: 0; justify-content: flex-start; }
  .console .who > span { font-weight: 600; overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
  .console > main { padding: 2rem 2.25rem 3rem; }
  .console > footer { padding: 0 2.25rem 1.5rem; grid-column: 2; }
}
.console.signed-out > main { max-width: 27rem; margin: 0 auto; padding-top: 6vh; }
.console.signed-out > main .brand { margin-bottom: 1.5rem; font-size: 1.3rem; }
`;
