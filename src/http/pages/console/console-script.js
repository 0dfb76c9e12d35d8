// What a console's pages do beyond reading and saving, which work without it.

const TICK_MS = 1000;
const COPIED_MS = 1500;
// Whoever has stopped the load may press again.
const RESEND_MS = 15_000;
const DAY_SECONDS = 86_400;
const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';
const UNITS = /** @type {const} */ ([
  ['hour', 3600],
  ['minute', 60],
]);
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** The next pages show times in the reader's own zone; each console remembers it for itself. */
function rememberZone() {
  const path = document.body.dataset['home'] ?? '/';
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  if (zone)
    document.cookie = `console_zone=${encodeURIComponent(zone)}; Path=${path}; Max-Age=31536000; SameSite=Lax${secure}`;
}

/** On a phone the areas are wider than the screen, and on a low one they are higher. */
function showCurrentArea() {
  const areas = document.querySelector('.areas');
  const current = areas?.querySelector('[aria-current]');
  if (!areas || !current) return;
  const [bar, at] = [areas.getBoundingClientRect(), current.getBoundingClientRect()];
  // With scrollIntoView the first Tab would begin there, past the link that skips the areas.
  areas.scrollLeft += at.left - bar.left - (bar.width - at.width) / 2;
  areas.scrollTop += Math.max(0, at.bottom - bar.bottom);
}

/** @param {Element} root */
function prepare(root) {
  for (const button of root.querySelectorAll('button[data-copy]')) button.removeAttribute('hidden');
  for (const time of root.querySelectorAll('time[data-relative], time[data-countdown]')) {
    time.setAttribute('title', exact.format(Date.parse(time.getAttribute('datetime') ?? '')));
  }
  tell(root);
}

/** @param {ParentNode} root */
function tell(root) {
  for (const time of root.querySelectorAll('time[data-relative], time[data-countdown]')) {
    const seconds = secondsFromNow(time);
    // Days are told by the page itself: they do not change while it is read.
    if (Math.abs(seconds) >= DAY_SECONDS) continue;
    const told = time.hasAttribute('data-countdown') ? sayCountdown(seconds) : sayRelative(seconds);
    // A text that is put in place of the same one would take a reader's selection away.
    if (time.textContent !== told) time.textContent = told;
  }
}

/** @param {Element} time */
function secondsFromNow(time) {
  return (Date.parse(time.getAttribute('datetime') ?? '') - Date.now()) / 1000;
}

/** @param {number} seconds */
function sayRelative(seconds) {
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit).replace('.', '');
  }
  return seconds <= 0 ? 'just now' : 'in a moment';
}

/** @param {number} seconds */
function sayCountdown(seconds) {
  if (seconds <= 0) return 'any moment now';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `in ${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `in ${minutes} min ${whole % 60} s` : sayRelative(seconds);
}

/** @param {HTMLElement} button */
async function copy(button) {
  const name = button.getAttribute('aria-label');
  try {
    await navigator.clipboard.writeText(button.dataset['copy'] ?? '');
    button.classList.add('copied');
    button.setAttribute('aria-label', 'Copied');
  } catch {
    button.setAttribute('aria-label', 'It could not be copied: select it and copy it by hand');
  }
  button.title = button.getAttribute('aria-label') ?? '';
  setTimeout(() => {
    button.classList.remove('copied');
    if (name === null) button.removeAttribute('aria-label');
    else button.setAttribute('aria-label', name);
    button.title = 'Copy';
  }, COPIED_MS);
}

document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[data-copy]') : null;
  if (button instanceof HTMLElement) void copy(button);
});

// A second press would have its answer shown in place of the first one's, which may hold a new key.
document.addEventListener('submit', (event) => {
  const form = event.target;
  // What htmx has taken over changes the page in place.
  if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.getAttribute('method') !== 'post') return;
  if (Date.now() - Number(form.dataset['sentAt'] ?? 0) < RESEND_MS) event.preventDefault();
  else form.dataset['sentAt'] = String(Date.now());
});
// Back from the next page, the forms are as they were left.
window.addEventListener('pageshow', () => {
  for (const form of document.forms) delete form.dataset['sentAt'];
});

// A part of a page that is asked for anew comes between neither a press and its release, nor a reader and the focus or what
// is selected, such as an id to be copied.
let isPressed = false;
document.addEventListener('pointerdown', ({ isPrimary, button }) => (isPressed = isPrimary && button === 0));
// A menu of the browser may take the release.
const RELEASES = ['pointerup', 'pointercancel', 'dragend', 'contextmenu', 'change', 'blur'];
for (const release of RELEASES) window.addEventListener(release, () => (isPressed = false));

/** @type {{ name: string, place: number } | undefined} what had the focus before a swap and cannot be told by an id */
let focused;
document.body.addEventListener('htmx:beforeSwap', (event) => {
  const { detail } = /** @type {CustomEvent<{ target: Element, shouldSwap: boolean, requestConfig: object }>} */ (
    event
  );
  const isAskedAnew = !('triggeringEvent' in detail.requestConfig && detail.requestConfig.triggeringEvent);
  if (isAskedAnew && (isPressed || isSelectedIn(detail.target))) detail.shouldSwap = false;
  focused = undefined;
  const active = document.activeElement;
  if (!active || active.id || !detail.target.contains(active)) return;
  const name = nameOf(active);
  focused = { name, place: focusableIn(detail.target, name).indexOf(active) };
});

/** @param {Element} part */
function isSelectedIn(part) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.getRangeAt(0).intersectsNode(part);
}

/** @param {Element} part what came in place of the part that held the focus */
function giveFocusBack(part) {
  if (!focused) return;
  const { name, place } = focused;
  focused = undefined;
  const next = focusableIn(part, name)[place];
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}

/** @param {Element} part @param {string} name */
function focusableIn(part, name) {
  return [...part.querySelectorAll(FOCUSABLE)].filter((each) => nameOf(each) === name);
}

/** @param {Element} element */
function nameOf(element) {
  return (
    [element.tagName, ...['name', 'href', 'data-copy'].map((each) => element.getAttribute(each))].join(' ') +
    (element.matches('button, summary') ? element.textContent : '')
  );
}

// The first field that was refused is where the reader goes on, else what is said of the form.
const refused = document.querySelector('[aria-invalid=true]') ?? document.querySelector('[role=alert][tabindex]');
if (refused instanceof HTMLElement) refused.focus();
showCurrentArea();
rememberZone();
prepare(document.body);
document.body.addEventListener('htmx:load', (event) => {
  if (!(event.target instanceof Element)) return;
  prepare(event.target);
  giveFocusBack(event.target);
});
setInterval(() => tell(document), TICK_MS);
// Tests that drive the page wait for this. htmx, whose script stands before this one, begins at the same event.
document.addEventListener('DOMContentLoaded', () => (document.documentElement.dataset['listening'] = 'yes'));
