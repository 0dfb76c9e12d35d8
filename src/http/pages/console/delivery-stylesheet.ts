/** Settings, deliveries and replays of postbacks. */
export const DELIVERY_STYLESHEET = `
.console [type=checkbox] { border-radius: 5px; }
.console button.htmx-request { opacity: .55; cursor: progress; }
.console .field input[type=search] { border-radius: 10px; }
@media (min-width: 48rem) and (max-width: 79.99rem) { .console .log-filters { grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); } .console .log-filters > .field:first-of-type { grid-column: span 2; } }
@media (min-width: 80rem) { .console .log-filters { grid-template-columns: minmax(10rem, 2fr) 9rem 8rem repeat(2, 10rem) auto; } }
.console .span-fields { gap: 0 1rem; margin: 0; }
.console .told { font-size: 1.02rem; }
.console .plain-list { margin: 0 0 1rem; padding: 0; }
.console .message .plain-list { margin: 0; }
.console .plain-list li, .console .warnings li { list-style: none; margin: 0 0 .35rem; }
.console .warnings { margin: 0; padding: 0; }
.console .warnings .message { margin-bottom: .5rem; padding: .55rem .8rem; font-size: .9rem; }
.console .flag { font-size: .8rem; font-weight: 600; color: var(--bad); }
.console h4 { margin: .6rem 0 .3rem; font-size: .84rem; color: var(--soft-ink); }
.console .preset-choice { align-items: end; }
.console .preset-choice .field { flex: 1 1 14rem; max-width: 24rem; margin: 0; }
.console .editor { align-items: start; }
@media (min-width: 70rem) { .console .editor { grid-template-columns: minmax(0, 11fr) minmax(0, 10fr); } .console .editor > #try { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow-y: auto; } }
.console .editor .split { gap: 0 1rem; margin: 0; }
.console .editor details { margin: 0 0 .75rem; border: 0; padding: 0; }
.console .editor summary { color: var(--brand-strong); font-size: .88rem; min-height: 40px; display: inline-flex; align-items: center; cursor: pointer; }
.console .editor summary::after { display: none; }
.console .of-status { padding: .55rem 0; border-top: 1px solid var(--line); }
.console .of-status .field { margin-bottom: .4rem; }
.console .of-status > .field { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); align-items: center; gap: .2rem .75rem; }
.console .of-status > .field label { margin: 0; font-weight: 400; font-size: .88rem; color: var(--soft-ink); }
.console .of-status > .field .error { grid-column: 1 / -1; }
.console textarea { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .88rem !important; overflow-wrap: anywhere; resize: vertical; }
.console .attempt .head { margin-bottom: .5rem; }
.console .attempt .split { margin-bottom: 0; }
.console .attempt pre, .console .editor pre { max-height: 18rem; }
.console .send-again { margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.console .send-again p { margin-bottom: .5rem; }
.console .progress-text { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; margin: 0; font-variant-numeric: tabular-nums; }
.console .progress-text strong { font-size: 1.3rem; }
.console #replay dl { margin-bottom: 1rem; }
.console #preview > pre { margin-bottom: .75rem; }
.console #test:has(> *) { margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.console h1 .id { font-size: .8em; }
`;
