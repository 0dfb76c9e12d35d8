import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { skipReasons } from '../../../src/db/postbacks.ts';
import { macroNames } from '../../../src/domain/postbacks/postback-url.ts';
import { renderDocs } from '../../../src/http/docs/docs-page.ts';
import { describePublicApi } from '../../../src/http/docs/public-openapi.ts';
import { describePartnerCalls } from '../../../src/http/partner/openapi.ts';

const publicUrl = 'https://cashcat.example';
const MINUTE = 60_000;
const usual = { windowMs: 14 * 24 * 60 * MINUTE, attempts: 3, intervalMs: 5 * MINUTE, timeoutMs: 10_000 };
const files = { maxRows: 1_000_000, maxMegabytes: 250 };
const render = (rules = usual) =>
  renderDocs(describePublicApi(publicUrl, describePartnerCalls()), { publicUrl, rules, files });

describe('the documentation page', () => {
  const page = render();
  const count = (text: string) => page.split(text).length - 1;
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);

  it('shows words of the API as code', () => {
    assert.match(page, /<code>window_closed<\/code>: the window/);
    assert.equal(count('`'), 0);
  });

  it('lists the answers to a status call once, for both of its methods', () => {
    const [, reference = ''] = page.split('<h2 id="api">');
    assert.equal(reference.split('<code>unknown_status</code>').length - 1, 1);
    assert.match(page, /Answers: the same as to GET\./);
  });

  it('tells advertisers what to do with every answer to a status call, and of no other', () => {
    const { paths = {} } = describePublicApi(publicUrl, describePartnerCalls());
    const described = Object.keys(paths['/advertisers/{advertiser_id}/postback']?.get?.responses ?? {});
    const [, table = ''] = /<h2 id="report-answers">.*?<tbody>(.*?)<\/tbody>/s.exec(page) ?? [];
    const told = [...table.replace(/<code>.*?<\/code>/g, '').matchAll(/<tr><td>([^<]*)/g)];
    const statuses = told.flatMap(([, first = '']) => first.match(/\d{3}/g) ?? []);
    // What nobody who calls by GET or POST can get.
    assert.deepEqual(
      [...new Set(statuses)].toSorted(),
      described.filter((status) => status !== '405'),
    );
    for (const result of ['recorded', 'duplicate', 'stale', 'ignored']) {
      assert.ok(table.includes(`200 <code>${result}</code>`), result);
    }
  });

  it('says how large a file may be, as it is configured', () => {
    assert.match(page, /1,000,000 rows and 250 MB/);
  });

  it('ends every sentence once', () => {
    assert.doesNotMatch(page.replace(/<pre.*?<\/pre>/gs, ''), /[.?!]\.(?!\.)/);
  });

  it('has a row for every macro, and for no other', () => {
    const [, table = ''] = /<h2 id="macros">.*?<tbody>(.*?)<\/tbody>/s.exec(page) ?? [];
    const rows = [...table.matchAll(/<tr><td><code>\{(\w+)\}<\/code>/g)].map(([, name]) => name);
    assert.deepEqual(rows, [...macroNames]);
  });

  it('names every reason for which a postback is skipped that a partner can see', () => {
    const [, row = ''] = /<tr><td><code>skipped<\/code>(.*?)<\/tr>/s.exec(page) ?? [];
    const named = [...row.matchAll(/<code>(\w+)<\/code>/g)].map(([, reason]) => reason);
    assert.deepEqual(
      named,
      skipReasons.filter((reason) => reason !== 'house'),
    );
  });

  it('says the numbers of the rules as they are configured', () => {
    assert.match(page, /at most 3 attempts, with 5 minutes from the end/);
    assert.match(page, /no complete answer within 10 seconds/);
    assert.match(page, /A lead is open until 14 days after/);
    const other = render({ windowMs: 36 * 60 * MINUTE, attempts: 7, intervalMs: 90_000, timeoutMs: 2500 });
    assert.match(other, /at most 7 attempts, with 90 seconds from the end/);
    assert.match(other, /no complete answer within 2.5 seconds/);
    assert.match(other, /A lead is open until 36 hours after/);
    assert.doesNotMatch(other, /14 days after|5 minutes|10 seconds/);
  });

  it('gives every id once', () => {
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
  });

  it('holds every place that its own links and those of other pages lead to', () => {
    const own = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    const others = linksIn('src').filter((link) => !ids.includes(link.id));
    assert.deepEqual(
      own.filter((id) => !ids.includes(id)),
      [],
    );
    assert.deepEqual(others, []);
  });

  it('names every section in the contents', () => {
    const [, contents = ''] = /<nav class="contents"(.*?)<\/nav>/s.exec(page) ?? [];
    const sections = [...page.matchAll(/<h2 id="([^"]+)"/g)].map(([, id]) => id ?? '');
    assert.ok(sections.length > 10);
    for (const id of sections) assert.ok(contents.includes(`href="#${id}"`), id);
  });

  it('gives every call of a partner a line for a shell', () => {
    const calls = Object.values(describePartnerCalls()).flatMap((path) =>
      (['get', 'put', 'post', 'delete'] as const).filter((method) => path[method]),
    );
    const articles = page.split('<article>').filter((article) => article.includes('<pre class="shell">'));
    assert.equal(articles.filter((article) => article.includes('/v1/partner')).length >= calls.length, true);
  });
});

/** Places in the documentation that pages elsewhere lead to. */
function linksIn(folder: string): { file: string; id: string }[] {
  const root = new URL(`../../../${folder}/`, import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const text = readFileSync(new URL(file, root), 'utf8');
    return [...text.matchAll(/\/docs#([a-z0-9-]+)/g)].map(([, id = '']) => ({ file, id }));
  });
}
