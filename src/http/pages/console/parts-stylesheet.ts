/** What the pages of a console are made of. */
export const PARTS_STYLESHEET = `
.console .card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.1rem 1.2rem; box-shadow: var(--shadow); }
.console .card > :last-child { margin-bottom: 0; }
.console .soft { color: var(--soft-ink); }
.console .small { font-size: .86rem; }
.console .stack > * + * { margin-top: .75rem; }
.console .row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; }
.console .split { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); margin-bottom: 1.75rem; }
@media (min-width: 48rem) { .console .split { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
.console .split > * { margin: 0; }
.console code, .console pre, .console kbd { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .88em; }
.console code { padding: 0; background: none; color: inherit; }
.console pre { margin: 0; padding: .8rem 1rem; background: var(--paper); color: var(--ink); border: 1px solid var(--line); border-radius: 10px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow-y: auto; }
.console [hidden] { display: none !important; }
.console .unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.console button, .console [type=submit], .console a.button { display: inline-flex; align-items: center; justify-content: center; gap: .4rem; width: auto; min-height: 40px; margin: 0; padding: .4rem .95rem; border: 1px solid var(--action); border-radius: 10px; background: var(--action); color: var(--on-action); font-size: .92rem; font-weight: 600; line-height: 1.25; text-decoration: none; text-align: center; box-shadow: none; cursor: pointer; }
.console button:hover, .console a.button:hover { filter: brightness(.94); }
.console .plain { background: var(--card) !important; color: var(--ink) !important; border-color: var(--field-line) !important; }
.console .danger { background: var(--card) !important; color: var(--bad) !important; border-color: currentColor !important; }
.console .quiet { background: none !important; border-color: transparent !important; color: var(--soft-ink) !important; padding: .4rem .5rem; }
.console .quiet:hover { color: var(--ink) !important; }
.console .copy { min-height: 32px; min-width: 32px; padding: .1rem .3rem; font-size: .82rem; vertical-align: middle; }
.console .copy svg { width: 15px; height: 15px; flex: none; }
.console .copy.copied, .console .copy.copied:hover { color: var(--good) !important; }
.console .copy .tick, .console .copied .sheets { display: none; } .console .copied .tick { display: block; }
.console td time { white-space: nowrap; }
.console td > input, .console td > select { margin: 0; }
@media (pointer: coarse) { .console .copy { min-height: 40px; min-width: 40px; } }

.console .state { display: inline-flex; align-items: center; gap: .35rem; padding: .1rem .55rem; border-radius: 999px; font-size: .8rem; font-weight: 600; line-height: 1.5; white-space: nowrap; color: var(--quiet); background: var(--quiet-paper); }
.console .state::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%; border: 2px solid currentColor; flex: none; }
.console .state-good { color: var(--good); background: var(--good-paper); } .console .state-good::before { background: currentColor; }
.console .state-busy { color: var(--busy); background: var(--busy-paper); }
.console .state-bad { color: var(--bad); background: var(--bad-paper); } .console .state-bad::before { border-radius: 1px; background: currentColor; }

.console .id { display: inline-flex; align-items: center; gap: .15rem; white-space: nowrap; }
.console .money { font-variant-numeric: tabular-nums; white-space: nowrap; }
.console .money small { color: var(--soft-ink); font-size: .82em; } .console button .money small { color: inherit; }
.console td.number, .console th.number { text-align: right; font-variant-numeric: tabular-nums; }

.console .message { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem 1rem; margin: 0 0 1rem; padding: .8rem 1rem; border: 1px solid var(--line); border-left: 5px solid var(--quiet); border-radius: 12px; background: var(--card); overflow-wrap: anywhere; }
.console .message > div { flex: 1 1 18rem; min-width: 0; }
.console .message p { margin: 0; }
.console .message form { margin: 0; }
.console .message-good { border-left-color: var(--good); } .console .message-busy { border-left-color: var(--busy); } .console .message-bad { border-left-color: var(--bad); }

.console .nothing { text-align: center; padding: 2.5rem 1.25rem; background: var(--card); border: 1px dashed var(--field-line); border-radius: 14px; }
.console .nothing { margin-bottom: 1.75rem; }
.console .nothing h2 { margin-bottom: .35rem; }
.console .nothing p { color: var(--soft-ink); max-width: 34rem; margin: 0 auto 1rem; }
.console .nothing > :last-child { margin-bottom: 0; }

.console .htmx-request { opacity: .6; cursor: progress; }
.console form { margin: 0; }
.console .field { margin-bottom: 1.1rem; }
.console .field > label, .console legend { display: block; margin: 0 0 .25rem; font-weight: 600; font-size: .92rem; }
.console .field input:not([type=checkbox], [type=radio]), .console .field select, .console .field textarea { margin: 0; width: 100%; min-height: 42px; font-size: 1rem; }
.console .field input:not([type=checkbox], [type=radio]), .console .field select { height: 42px; line-height: 1.25; }
.console .card .field { max-width: 34rem; }
.console .field input[type=file] { height: auto; }
.console [type=file]::file-selector-button { min-height: 40px; padding: .4rem .95rem; border: 1px solid var(--field-line); border-radius: 10px; background: var(--card); color: var(--ink); font-weight: 600; box-shadow: none; }
.console .field .help { margin: .3rem 0 0; color: var(--soft-ink); font-size: .86rem; }
.console .field .error { margin: .3rem 0 0; color: var(--bad); font-size: .88rem; font-weight: 600; }
.console .field [aria-invalid=true] { border-color: var(--bad); background-image: none; padding-right: .75rem; }
.console fieldset { margin: 0 0 1.1rem; border: 0; padding: 0; }
.console label:has(> [type=checkbox]), .console label:has(> [type=radio]) { display: flex; align-items: center; gap: .55rem; min-height: 40px; margin: 0; }
.console label > [type=checkbox], .console label > [type=radio] { margin: 0; flex: none; }
.console .filters { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(min(10.5rem, 45%), 1fr)); align-items: end; margin-bottom: 1rem; }
.console .filters:has(.error) { align-items: start; } .console .filters:has(.error) > .row, .console .filters:has(.error) > button { margin-top: 1.65rem; }
.console .filters .field { margin: 0; }
.console .filters > button { justify-self: start; min-height: 42px; }
.console .filters > .row { flex-wrap: nowrap; gap: .25rem; } .console .filters > .row > * { min-height: 42px; white-space: nowrap; }

.console .table { overflow-x: auto; margin-bottom: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow); }
.console table { margin: 0; font-size: .92rem; }
.console th, .console td { padding: .6rem .9rem; background: none; color: var(--ink); border-bottom: 1px solid var(--line); vertical-align: middle; }
.console thead th { font-size: .82rem; font-weight: 600; color: var(--soft-ink); white-space: nowrap; border-bottom-width: 1px; }
.console tbody tr:last-child > * { border-bottom: 0; }
.console tbody tr:hover { background: color-mix(in srgb, var(--paper) 60%, transparent); }
.console tbody th { font-weight: 600; }
.console tfoot td, .console tfoot th { border-top: 1px solid var(--line); border-bottom: 0; font-weight: 600; }
.console .wrap { overflow-wrap: anywhere; min-width: 8rem; }
.console .whole-line { white-space: nowrap; }
@media (max-width: 40rem) {
  .console .cards thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .console .cards, .console .cards tbody, .console .cards td, .console .cards tbody th { display: block; width: auto; }
  .console .cards tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .35rem 1rem; padding: .75rem .9rem; border-bottom: 1px solid var(--line); }
  .console .cards tr:last-child { border-bottom: 0; }
  .console .cards td, .console .cards tbody th, .console .cards td.number { padding: 0; border: 0; text-align: left; overflow-wrap: anywhere; min-width: 0; }
  .console .cards tbody th, .console .cards td.whole { grid-column: 1 / -1; }
  .console .cards td::before { content: attr(data-label); display: block; color: var(--soft-ink); font-size: .78rem; font-weight: 600; line-height: 1.3; }
  .console .field input[type=date] { padding-inline: .5rem .35rem; font-size: .88rem; }
}
.console .pager { display: flex; gap: .6rem; justify-content: space-between; align-items: center; margin: 0 0 1rem; }

.console dl.facts { display: grid; align-items: baseline; grid-template-columns: minmax(0, 1fr); gap: .1rem 1.25rem; margin: 0; }
.console dl.facts dt { color: var(--soft-ink); font-size: .84rem; font-weight: 600; margin-top: .5rem; }
.console dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.console dl.facts + p { margin-top: .9rem; }
@media (min-width: 40rem) { .console dl.facts { grid-template-columns: max-content minmax(0, 1fr); gap: .45rem 1.5rem; } .console dl.facts dt { margin: 0; } }
.console .tiles { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fit, minmax(9.25rem, 1fr)); margin: 0 0 1.25rem; align-items: stretch; }
.console .tiles a { display: flex; flex-direction: column; gap: .1rem; margin: 0; padding: .75rem .95rem; border: 1px solid var(--line); border-radius: 14px; background: var(--card); color: var(--ink); text-decoration: none; min-width: 0; }
.console .tiles a:hover { border-color: var(--brand); }
.console .tiles a[aria-current] { border-color: var(--brand); box-shadow: inset 0 0 0 1px var(--brand); }
.console .tiles a > span { color: var(--soft-ink); font-size: .85rem; font-weight: 600; }
.console .tiles small { font-size: .6em; color: var(--soft-ink); }
.console .tiles .money { white-space: normal; }
.console .tiles strong { font-size: 1.3rem; line-height: 1.3; font-variant-numeric: tabular-nums; letter-spacing: -.01em; overflow-wrap: anywhere; }
.console figure { margin: 0 0 1rem; } .console figcaption { padding: 0; margin-bottom: .4rem; }
.console .chart { display: block; width: 100%; height: auto; overflow: visible; }
@media (min-width: 40rem) { .console .chart-narrow { display: none; } }
@media (max-width: 39.99rem) { .console .chart-wide { display: none; } }
.console .chart .grid { stroke: var(--line); } .console .chart .tick { fill: var(--soft-ink); font-size: 12px; font-variant-numeric: tabular-nums; }
.console .chart .bar { fill: var(--brand); } .console .chart .hit { fill: transparent; } .console .chart .day:hover .hit { fill: var(--quiet-paper); }
.console .chart .area { fill: var(--brand); opacity: .18; } .console .chart .line { fill: none; stroke: var(--brand); stroke-width: 2; }
.console details { border: 0; padding: 0; margin: 0 0 1.75rem; } .console summary { min-height: 40px; display: flex; align-items: center; font-weight: 600; color: var(--brand-strong); }
.console .range { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem .6rem; align-items: end; } .console .range .field { margin: 0; min-width: 0; } .console .range .field > label { font-size: .8rem; } .console .range > button { min-height: 42px; justify-self: start; }
@media (min-width: 40rem) { .console .range { display: flex; } }
.console .pair { display: flex; gap: .5rem .6rem; align-items: end; } .console .pair .field { flex: 0 1 20rem; margin: 0; min-width: 0; } .console .pair > button { min-height: 42px; flex: none; }
.console #built { margin-top: .9rem; }
.console .own { gap: .25rem 1.5rem; color: var(--soft-ink); }
.console .own span { display: flex; align-items: center; gap: .35rem; min-width: 0; white-space: nowrap; }
.console .own code { white-space: normal; overflow-wrap: anywhere; min-width: 0; color: var(--ink); }
.console .whole-id { font-size: .8em; overflow-wrap: anywhere; }
.console .timeline { list-style: none; margin: 0; padding: 0; border-left: 2px solid var(--line); }
.console .timeline li { position: relative; display: grid; gap: 0 1rem; margin: 0; padding: .3rem 0 .3rem 1.1rem; list-style: none; overflow-wrap: anywhere; }
.console .timeline li::before { content: ""; position: absolute; left: -6px; top: .85rem; width: 10px; height: 10px; border-radius: 50%; background: var(--field-line); }
@media (min-width: 48rem) { .console .timeline li { grid-template-columns: 15rem minmax(0, 1fr); } }
.console progress { width: 100%; height: .6rem; margin: .35rem 0 1rem; accent-color: var(--brand); --pico-progress-color: var(--brand); --pico-progress-background-color: var(--quiet-paper); }
@media (prefers-reduced-motion: reduce) { .console * { transition: none !important; animation: none !important; scroll-behavior: auto !important; } }
`;
