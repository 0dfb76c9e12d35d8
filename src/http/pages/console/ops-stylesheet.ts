/** What only the ops console has. */
export const OPS_STYLESHEET = `
.console .seek { position: relative; } .console .seek input { border-radius: 10px; } .console .seek button { padding: 0; border: 0; min-height: 0; }
.console .seek button:focus-visible { right: 4px; top: 4px; width: auto; height: 32px; margin: 0; padding: 0 .7rem; clip-path: none; }
.console .calm { display: grid; gap: 0 2rem; margin: 0 0 1.75rem; }
@media (min-width: 48rem) { .console .calm { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
.console .calm > div { padding: .6rem 0; border-bottom: 1px solid var(--line); }
.console .calm dt { display: flex; align-items: center; gap: .4rem; font-weight: 600; color: var(--good); }
.console .calm svg { width: 16px; height: 16px; flex: none; }
.console .calm dd { margin: 0 0 0 1.5rem; color: var(--soft-ink); overflow-wrap: anywhere; }
.console .subject-links { margin-bottom: 1.25rem; display: flex; justify-content: flex-start; }
.console .pair + p { margin: .5rem 0 0; }
.console .subject-links a, .console .head nav a { display: inline-flex; align-items: center; min-height: 32px; padding: 0; margin: 0; }
.console nav a[aria-current=true] { color: var(--ink); font-weight: 600; text-decoration: none; }
.console .tight { gap: .3rem; } .console .tight a { text-decoration: none; }
.console .noted { padding: .8rem 1.1rem; margin-bottom: .75rem; }
.console .noted .head { margin: 0; } .console .noted h2 { font-size: .98rem; margin: 0; overflow-wrap: anywhere; }
.console .noted details, .console .said details { margin: 0; } .console .noted summary, .console .said summary { font-size: .88rem; font-weight: 400; }
.console .differences { display: grid; grid-template-columns: minmax(0, 1fr); gap: .1rem 1.25rem; margin: .4rem 0 0; font-size: .9rem; }
.console .differences dt { color: var(--soft-ink); font-weight: 600; overflow-wrap: anywhere; }
.console .differences dd { margin: 0; overflow-wrap: anywhere; }
@media (min-width: 40rem) { .console .differences { grid-template-columns: minmax(9rem, 14rem) minmax(0, 1fr); gap: .25rem 1.25rem; } }
.console .differences del { color: var(--bad); background: var(--bad-paper); padding: 0 .25rem; border-radius: 4px; }
.console .differences ins { color: var(--good); background: var(--good-paper); padding: 0 .25rem; border-radius: 4px; text-decoration: none; }
.console blockquote { margin: 0 0 .75rem; padding: .2rem 0 .2rem 1rem; border-left: 3px solid var(--brand); }
.console .said a { display: inline-flex; align-items: center; min-height: 28px; }
.console .said li { padding: .55rem 0; border-bottom: 1px solid var(--line); }
@media (max-width: 39.99rem) { .console .word-rows thead { display: none; } .console .word-rows tr { display: grid; gap: .4rem; padding: .6rem; border-bottom: 1px solid var(--line); } .console .word-rows td { padding: 0; border: 0; } .console .word-rows td::before { content: attr(data-label); display: block; color: var(--soft-ink); font-size: .78rem; font-weight: 600; line-height: 1.3; } }
.console .origin { min-width: 16rem; font-weight: 400; } .console .origin a { font-weight: 600; }
.console .steps { margin: 0; padding-left: 1.3rem; } .console .steps li { padding: .2rem 0; } .console .new-key pre + .row { margin: .5rem 0 1rem; }
.console .pages { margin-top: 1rem; display: flex; justify-content: flex-start; }
.console .pair + .pair { margin-top: .6rem; }
.console .pair + .help { margin-bottom: 1.1rem; }
.console .listing td, .console .listing tbody th { vertical-align: top; }
.console td .plain-list { margin: 0; } .console td .plain-list li:last-child { margin: 0; }
`;
