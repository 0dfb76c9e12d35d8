import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createMetrics } from '../src/metrics.ts';
import { createTestDatabase } from './support/database.ts';
import { createNetwork, type Network } from './support/network-in-database.ts';
import { buildOpsConsole } from './http/build-ops-console.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const guide = read('docs/operations.md');

/** The places of a text in Markdown that links can lead to. */
function placesIn(text: string): string[] {
  const headings = [...text.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the operations guide', () => {
  it('has a paragraph for every alert, and for no other, each with how urgent it is', () => {
    const alerts = [...read('docs/alerts.yml').matchAll(/- alert: (\w+).*?severity: (\w+)/gs)];
    const [, chapter = ''] = /^## Alerts$(.*?)^## /ms.exec(guide) ?? [];
    const told = [...chapter.matchAll(/^### (\w+)\n\n\*(\w+)\.\*/gm)];
    assert.ok(alerts.length > 5);
    const pair = ([, name, severity]: RegExpExecArray) => `${name} ${severity}`;
    assert.deepEqual(told.map(pair).toSorted(), alerts.map(pair).toSorted());
  });

  it('has alerts only on metrics that there are', async () => {
    const metrics = await createMetrics().registry.metrics();
    const asked = new Set(
      [...read('docs/alerts.yml').matchAll(/expr: .*?\b(cashcat_\w+)/g)].map(([, name = '']) => name),
    );
    assert.ok(asked.size > 5);
    for (const name of asked) assert.ok(metrics.includes(`# TYPE ${name} `), name);
  });

  it('leads only to places that are there', () => {
    const links = [...guide.matchAll(/\]\(([\w.]*)#([^)]+)\)/g)].map(([, file = '', id = '']) => ({ file, id }));
    assert.ok(links.length > 20);
    for (const { file, id } of links) {
      const places = placesIn(file === '' ? guide : read(`docs/${file}`));
      assert.ok(places.includes(id), `${file}#${id}`);
    }
  });

  describe('and the ops console', () => {
    let network: Network;

    before(async () => {
      network = await createNetwork(await createTestDatabase());
    });
    after(() => network.close());

    it('has every page that the guide sends people to', async () => {
      const browser = await buildOpsConsole(network).signedIn();
      const pages = new Set([...guide.matchAll(/`(\/ops[\w/?=&-]*)`/g)].map(([, page = '']) => page));
      assert.ok(pages.size > 10);
      for (const page of pages) assert.equal((await browser.get(page)).status, 200, page);
    });
  });
});
