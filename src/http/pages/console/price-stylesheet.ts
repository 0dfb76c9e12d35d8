/** Tables of tiers, and the form in which they are drafted. */
export const PRICE_STYLESHEET = `
.console .tiers { margin: 0 0 .9rem; font-size: .92rem; }
.console .tiers th, .console .tiers td { padding: .4rem .5rem; } .console .tiers tr > :first-child { padding-left: 0; } .console .tiers tr > :last-child { padding-right: 0; }
.console .tiers tbody th { font-weight: 400; } .console .scroll { overflow-x: auto; }
.console .tiers [aria-current] > * { font-weight: 600; }
.console .tier-rows { display: grid; grid-template-columns: minmax(0, 10rem) minmax(0, 10rem); gap: .45rem .6rem; align-items: center; margin-bottom: .5rem; }
.console .tier-rows input { height: 42px; margin: 0; font-size: 1rem; text-align: right; font-variant-numeric: tabular-nums; background-image: none; padding-right: .75rem; }
.console .tier-rows input[readonly] { background-color: var(--paper); color: var(--soft-ink); }
.console .tier-rows [aria-invalid=true] { border-color: var(--bad); }
.console .tier-rows .error { grid-column: 1 / -1; }
.console fieldset .error { margin: 0 0 .5rem; color: var(--bad); font-size: .88rem; font-weight: 600; }
.console .fields { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 .75rem; max-width: 34rem; }
.console .card > form + form { margin-top: .75rem; }
@media (min-width: 48rem) { .console .draft > .card:last-child { position: sticky; top: 1rem; align-self: start; } }
@media (max-width: 40rem) { .console .tiers th, .console .tiers td { padding: .4rem .25rem; white-space: normal; } .console .cards td time { white-space: normal; } }
`;
