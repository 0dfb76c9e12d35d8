import type { oas31 } from 'zod-openapi';
import { sayDuration } from '../pages/say-duration.ts';
import { compilePage, compilePart } from '../pages/templates.ts';
import { deliverySections } from './guide/delivery.ts';
import { faqSection } from './guide/faq.ts';
import type { GuideFacts, GuideWords } from './guide/guide-section.ts';
import { moneySections } from './guide/money.ts';
import { repairSections } from './guide/repair.ts';
import { reportSections } from './guide/report.ts';
import { setUpSections } from './guide/set-up.ts';
import { signingSection } from './guide/signing.ts';
import { startSection } from './guide/start.ts';
import { trackersSection } from './guide/trackers.ts';
import { listOperations } from './reference/operations.ts';
import { renderReference } from './reference/reference.ts';

type Shown = { id: string; title: string; html: string };
type DocsData = {
  chapters: { title: string; sections: Shown[] }[];
  intro: string;
  reference: string;
};

const chapters = [
  { title: 'Start', sections: [startSection, ...setUpSections, trackersSection] },
  { title: 'How postbacks are sent', sections: [...deliverySections, signingSection] },
  { title: 'Proof and repair', sections: repairSections },
  { title: 'Whose lead, which price', sections: moneySections },
  { title: 'For advertisers', sections: reportSections },
  { title: 'Questions', sections: [faqSection] },
];

const renderContents = compilePart<Pick<DocsData, 'chapters'>>(`
<% for (const chapter of it.chapters) { %>
<p><%= chapter.title %></p>
<ul>
<% for (const section of chapter.sections) { %>
<li><a href="#<%= section.id %>"><%= section.title %></a></li>
<% } %>
</ul>
<% } %>
<p>For programs</p>
<ul><li><a href="#api">The API, call by call</a></li><li><a href="/openapi.json">openapi.json</a></li></ul>
`);

const renderPage = compilePage<DocsData & { contents: string }>(`
<div class="with-contents">
<nav class="contents" aria-label="On this page">
<%~ it.contents %>
</nav>
<div class="article">
<h1>Cashcat for partners and advertisers</h1>
<p class="lead"><%= it.intro %></p>
<details class="contents-on-phones"><summary>On this page</summary>
<%~ it.contents %>
</details>
<% for (const chapter of it.chapters) { %>
<% for (const section of chapter.sections) { %>
<section aria-labelledby="<%= section.id %>">
<h2 id="<%= section.id %>"><a href="#<%= section.id %>"><%= section.title %></a></h2>
<%~ section.html %>
</section>
<% } %>
<% } %>
<section aria-labelledby="api">
<h2 id="api"><a href="#api">The API, call by call</a></h2>
<p>Set <code>KEY</code> to your API key once (<code>KEY=ck_…</code>); every line below can then be pasted into a shell. The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
<%~ it.reference %>
</section>
</div>
</div>
`);

/** What partners and advertisers must know, and the description of the API, as a page. */
export function renderDocs(description: oas31.OpenAPIObject, facts: GuideFacts): string {
  const { publicUrl } = facts;
  const words = wordsOf(facts);
  const operations = listOperations(description, publicUrl);
  const groups = (description.tags ?? []).map(({ name, description: text = '' }) => ({
    name,
    description: text,
    operations: operations.filter(({ tag }) => tag === name),
  }));
  const shown = chapters.map(({ title, sections }) => ({
    title,
    sections: sections.map((section) => ({ id: section.id, title: section.title, html: section.render(words) })),
  }));
  const frame = { page: 'docs', title: 'Cashcat for partners and advertisers', footer: 'Cashcat' };
  const intro = description.info.description ?? '';
  const reference = renderReference({ publicUrl, groups });
  return renderPage(frame, { chapters: shown, contents: renderContents({ chapters: shown }), intro, reference });
}

function wordsOf({ publicUrl, rules, files }: GuideFacts): GuideWords {
  return {
    publicUrl,
    window: sayDuration(rules.windowMs),
    attempts: rules.attempts,
    interval: sayDuration(rules.intervalMs),
    timeout: sayDuration(rules.timeoutMs),
    maxRows: files.maxRows.toLocaleString('en-US'),
    maxMegabytes: files.maxMegabytes,
  };
}
