/** What Cashcat's pages add to Pico: phones first, light and dark. */
export const STYLESHEET = `
:root {
  --brand: #c2570c;
  --brand-strong: #9a3f06;
  --paper: #fbf7f2;
  --card: #ffffff;
  --line: #eadfd2;
  --ink: #2b1a0c;
  --soft-ink: #6f5b4b;
  --action: #b04e0a;
  --on-action: #ffffff;
  --field-line: #a08c79;
  --good: #0b6b3a;
  --good-paper: #e3f4ea;
  --busy: #7a5200;
  --busy-paper: #fdf0d0;
  --bad: #a8201a;
  --bad-paper: #fde7e4;
  --quiet: #5f5248;
  --quiet-paper: #efe7de;
  --shadow: 0 1px 2px rgb(60 35 10 / 6%), 0 6px 20px rgb(60 35 10 / 6%);
  --pico-font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --brand: #ffa14d;
    --brand-strong: #ffb877;
    --paper: #17120e;
    --card: #221b15;
    --line: #3a2f26;
    --ink: #f6ece2;
    --soft-ink: #b8a596;
    --action: #ffa14d;
    --on-action: #1d1208;
    --field-line: #7a6858;
    --good: #6fdc9f;
    --good-paper: #14301f;
    --busy: #f5c462;
    --busy-paper: #3a2b0c;
    --bad: #ff9a90;
    --bad-paper: #431815;
    --quiet: #c9b8aa;
    --quiet-paper: #32281f;
    --shadow: none;
  }
}
html { background: var(--paper); }
body { background: var(--paper); color: var(--ink); --pico-color: var(--ink); min-height: 100vh; display: flex; flex-direction: column; }
body > header.top, body > main, body > footer { width: 100%; max-width: 68rem; margin: 0 auto; padding: 0 1.1rem; }
body > header.top { padding-top: 1rem; padding-bottom: .5rem; }
body > main { flex: 1; padding-bottom: 2rem; }
body > footer { padding-top: 1.25rem; padding-bottom: 1.5rem; border-top: 1px solid var(--line); }
body > footer p { margin: 0; color: var(--soft-ink); font-size: .85rem; }
.brand { display: inline-flex; align-items: center; gap: .6rem; margin: 0; font-weight: 800; font-size: 1.25rem; letter-spacing: -.02em; color: var(--ink); }
.brand img { width: 36px; height: 36px; }
h1, h2, h3 { color: var(--ink); letter-spacing: -.02em; }
a { color: var(--brand-strong); text-decoration-color: currentColor; }

.intro { margin: 1.25rem 0 1.5rem; }
.intro h1 { font-size: clamp(1.75rem, 6vw, 2.6rem); line-height: 1.15; margin: 0 0 .5rem; }
.intro h1 span { color: var(--brand); }
.intro h2 { font-size: 1.3rem; margin: 0; }
.intro p { color: var(--soft-ink); margin: 0; max-width: 40rem; }

.offers { list-style: none; margin: 0; padding: 0; display: grid; gap: .9rem; grid-template-columns: 1fr; }
@media (min-width: 640px) { .offers { grid-template-columns: repeat(2, 1fr); } }
@media (min-width: 980px) { .offers { grid-template-columns: repeat(3, 1fr); gap: 1.1rem; } }
.offers .offer { list-style: none; margin: 0; display: flex; }
.offer a {
  flex: 1; display: grid; grid-template-columns: auto 1fr; grid-template-rows: 1fr auto; column-gap: .9rem; row-gap: .9rem; align-items: start;
  background: var(--card); border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shadow);
  padding: 1.05rem; color: var(--ink); text-decoration: none; min-width: 0; transition: border-color .15s, transform .15s;
}
.offer a:hover, .offer a:focus-visible { border-color: var(--brand); transform: translateY(-2px); text-decoration: none; }
.offer a:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; }
.badge { width: 46px; height: 46px; border-radius: 13px; display: grid; place-items: center; font-weight: 800; font-size: 1.3rem; color: #fff; }
.text { display: block; min-width: 0; overflow-wrap: anywhere; }
.name { display: block; font-size: 1.08rem; line-height: 1.3; color: var(--ink); }
.by { display: block; font-size: .85rem; color: var(--soft-ink); }
.description { display: block; margin-top: .55rem; font-size: .95rem; line-height: 1.45; color: var(--ink); white-space: pre-line; }
.go { grid-column: 1 / -1; text-align: center; font-weight: 700; border-radius: 11px; padding: .68rem 1rem; background: var(--brand); color: #fff; }
.offer a:hover .go { background: var(--brand-strong); }
@media (prefers-reduced-motion: reduce) { .offer a { transition: none; } .offer a:hover { transform: none; } }
.hue-0 { background: #c2570c; } .hue-1 { background: #0f766e; } .hue-2 { background: #6d3fc0; } .hue-3 { background: #b4235a; }
.hue-4 { background: #1d63b8; } .hue-5 { background: #4d7c0f; } .hue-6 { background: #a16207; } .hue-7 { background: #475569; }

.notice { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--brand); border-radius: 14px; padding: 1.1rem 1.2rem; margin: 1.25rem 0 1.75rem; box-shadow: var(--shadow); }
.notice h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
.notice p { margin: 0; color: var(--soft-ink); }
.empty { text-align: center; padding: 3.5rem 1rem; }
.empty h1, .empty h2 { margin-bottom: .4rem; }
.empty p { color: var(--soft-ink); }
.message main { max-width: 40rem; }

@media (prefers-color-scheme: dark) { .go { color: #1d1208; } }
`;
