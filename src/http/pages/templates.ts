import { Eta } from 'eta/core';
import { assetPaths } from './assets.ts';

const eta = new Eta({ autoEscape: true, autoTrim: ['nl', 'nl'] });

const LAYOUT = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title><%= it.title %></title>
<link rel="stylesheet" href="<%= it.assets.stylesheet %>">
<link rel="icon" type="image/svg+xml" href="<%= it.assets.icon %>">
</head>
<body class="<%= it.page %>">
<header class="top">
<p class="brand"><img src="<%= it.assets.icon %>" alt="" width="36" height="36"> Cashcat</p>
</header>
<main>
<%~ it.body %>
</main>
<footer>
<p><%= it.footer %></p>
</footer>
</body>
</html>
`;
eta.loadTemplate('@layout', LAYOUT);

export type PageFrame = { page: string; title: string; footer: string };

/** Compiles a page once; every value it shows is escaped. The template is the content of `main` and reads `it`. */
export function compilePage<Data extends object>(template: string): (frame: PageFrame, data: Data) => string {
  const content = eta.compile(template);
  return (frame, data) => {
    const body = eta.render(content, data);
    return eta.render('@layout', { ...frame, body, assets: assetPaths });
  };
}

/** Compiles a part of a page, to be put into another one as it is; every value that it shows is escaped. */
export function compilePart<Data extends object>(template: string): (data: Data) => string {
  const part = eta.compile(template);
  return (data) => eta.render(part, data);
}
