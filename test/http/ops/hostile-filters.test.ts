import assert from 'node:assert/strict';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';
import { listPages } from './list-pages.ts';

// Of all lists; what one does not know it says, and shows the rest.
const FILTERS = [
  'q',
  'advertiser_id',
  'partner_id',
  'conversion_id',
  'offer_id',
  'lead_id',
  'result',
  'state',
  'status',
]
  .concat('from', 'to', 'day', 'currency', 'word', 'cursor', 'within_hours', 'actor', 'subject_type', 'action')
  .concat('preview_from', 'preview_to');
const VALUES = [
  '%00',
  '%ff',
  '__proto__',
  '0001-01-01',
  '9999-12-31',
  '9999-12-29',
  '1970-01-02',
  '-1',
  'MDAw',
  '%ED%A0%80',
];

describe('what stands in the address of a page of the ops console', () => {
  let network: Network;
  let site: OpsConsole;
  let browser: ConsoleVisitor;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
    browser = await site.signedIn();
  });
  after(() => network.close());
  afterEach(() => assert.deepEqual(site.logged, []));

  it('is no mistake of ours, whatever it is', async function () {
    this.timeout(120_000);
    const ids: Record<string, string> = {
      ...{ advertisers: network.advertiserId, offers: network.offerId, prices: network.offerId },
      partners: await network.partner(),
    };
    const idOf = (path: string) => ids[path.split('/')[2] ?? ''] ?? '17';
    const pages = listPages(network)
      .filter(({ method }) => method === 'get')
      .flatMap(({ path }) => {
        const known = path.replace(':id', idOf(path));
        return known.includes(':period')
          ? ['2026-01', '9999-12', '1970-01', '0000-00'].map((period) => known.replace(':period', period))
          : [known.replace(/:\w+/g, '17')];
      });
    for (const page of pages) {
      for (const value of VALUES) {
        const query = FILTERS.map((name) => `${name}=${value}`).join('&');
        const { status } = await browser.get(`${page}?${query}`);
        assert.ok(status < 500, `${page} answered ${status} to ${value}`);
      }
    }
  });
});
