import { assetPaths } from '../assets.ts';
import { compilePart } from '../templates.ts';
import { createParts, type Parts, type Reader } from './parts.ts';
import type { Tone } from './states.ts';

/** What stands around a page of a console. */
export type ConsoleFrame = {
  title: string;
  home: string;
  /** Empty before the login. */
  areas: {
    name: string;
    href: string;
    icon: string;
    isCurrent: boolean;
    /** Stands before the first area that has it. */
    group?: string | undefined;
  }[];
  /** `role` is what this one may do, where not everybody may do the same. */
  signedIn: { name: string; role?: string; signOut: string } | undefined;
  /** Where a search from any page leads; none when left out. */
  search?: { action: string; label: string; value: string } | undefined;
  message: { tone: Tone; text: string } | undefined;
};

// Inline styles and `eval` are what the page's policy forbids; what is not there to be kept cannot be read by the next one.
// What htmx puts into a page listens at once, and not a moment after it can be seen.
const HTMX = `{"defaultSettleDelay":0,"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0,"refreshOnHistoryMiss":true}`;

const renderLayout = compilePart<
  ConsoleFrame & { body: string; assets: typeof assetPaths; show: Parts }
>(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="htmx-config" content='${HTMX}'>
<title><%= it.title %> – Cashcat</title>
<link rel="stylesheet" href="<%= it.assets.stylesheet %>">
<link rel="stylesheet" href="<%= it.assets.consoleStylesheet %>">
<link rel="icon" type="image/svg+xml" href="<%= it.assets.icon %>">
<script src="<%= it.assets.htmx %>" defer></script>
<script src="<%= it.assets.consoleScript %>" type="module"></script>
</head>
<body class="console<%= it.signedIn ? '' : ' signed-out' %>" data-home="<%= it.home %>">
<a class="skip" href="#main">Skip to the content</a>
<% if (it.signedIn) { %>
<header class="side">
<a class="brand" href="<%= it.home %>"><img src="<%= it.assets.icon %>" alt="" width="30" height="30"> Cashcat</a>
<% if (it.search) { %>
<form class="seek" method="get" action="<%= it.search.action %>"><label class="unseen" for="seek"><%= it.search.label %></label><input id="seek" name="q" type="search" value="<%= it.search.value %>" placeholder="<%= it.search.label %>" maxlength="400" autocomplete="off" spellcheck="false"><button class="unseen">Search</button></form>
<% } %>
<nav class="areas" aria-label="Console">
<ul>
<% for (const [index, area] of it.areas.entries()) { %>
<% if (area.group && area.group !== it.areas[index - 1]?.group) { %><li class="group" aria-hidden="true"><%= area.group %></li><% } %>
<li><a href="<%= area.href %>"<% if (area.isCurrent) { %> aria-current="page"<% } %>><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="<%= area.icon %>"/></svg><%= area.name %></a></li>
<% } %>
</ul>
</nav>
<div class="who">
<span><%= it.signedIn.name %><% if (it.signedIn.role) { %> <small>role <%= it.signedIn.role %></small><% } %></span>
<%~ it.show.action({ label: 'Sign out', post: it.signedIn.signOut }, 'quiet') %>
</div>
</header>
<% } %>
<main id="main" tabindex="-1">
<% if (it.message) { %>
<%~ it.show.notice({ tone: it.message.tone, text: it.message.text, role: 'status' }) %>
<% } %>
<%~ it.body %>
</main>
</body>
</html>
`);

/**
 * Compiles a page of a console once; every value it shows is escaped. The template is the content of `main`, reads the
 * page's data as `it` and the parts as `it.show`.
 */
export function compileConsolePage<Data extends object>(
  template: string,
): (frame: ConsoleFrame, reader: Reader, data: Data) => string {
  const renderBody = compilePart<Data & { show: Parts }>(template);
  return (frame, reader, data) => {
    const show = createParts(reader);
    return renderLayout({ ...frame, body: renderBody({ ...data, show }), assets: assetPaths, show });
  };
}
