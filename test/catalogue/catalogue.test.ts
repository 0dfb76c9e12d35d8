import assert from 'node:assert/strict';
import type { CatalogueContent, KnownAdvertiser } from '../../src/db/catalogue.ts';
import { createCatalogue, type Catalogue } from '../../src/catalogue/catalogue.ts';
import { eventually } from '../support/eventually.ts';

const OFFER = {
  offerId: 'loan',
  advertiserId: 'bank',
  advertiserName: 'Bank',
  name: 'Loan',
  description: '',
  url: 'https://bank.example/?c={conversion_id}',
  closedUntil: null,
};

const advertiserOf = (advertiserId: string): KnownAdvertiser => ({
  advertiserId,
  vocabulary: null,
  proofs: { token: true, signature: false, addresses: null },
  tokens: [],
  signingSecrets: [],
});

type StartOptions = { pollIntervalMs?: number; content?: Partial<CatalogueContent> };

describe('the catalogue in memory', () => {
  let catalogue: Catalogue | undefined;
  afterEach(() => catalogue?.stop());

  /** A catalogue over a content that the test changes, with a count of what it asked for. */
  async function start({ pollIntervalMs = 60_000, content = {} }: StartOptions = {}) {
    const store: CatalogueContent = { version: 1, partnerIds: ['first'], offers: [OFFER], advertisers: [], ...content };
    const asked = { versions: 0, loads: 0 };
    const warnings: string[] = [];
    let failure: Error | undefined;
    const started = createCatalogue({
      load: () => (asked.loads++, failure ? Promise.reject(failure) : Promise.resolve({ ...store })),
      readVersion: () => (asked.versions++, failure ? Promise.reject(failure) : Promise.resolve(store.version)),
      pollIntervalMs,
      log: { warn: (_fields: object, message?: string) => void warnings.push(message ?? '') },
    });
    catalogue = started;
    await started.start();
    const fail = (error: Error | undefined) => (failure = error);
    return { catalogue: started, store, asked, warnings, fail };
  }

  it('knows partners and offers without asking the database', async () => {
    const { catalogue, asked } = await start();
    assert.equal((await catalogue.findOffer('loan'))?.destination('c1'), 'https://bank.example/?c=c1');
    assert.deepEqual(
      catalogue.offers().map((offer) => offer.offerId),
      ['loan'],
    );
    assert.equal(await catalogue.findPartner('first'), true);
    assert.deepEqual(asked, { versions: 0, loads: 1 });
  });

  it('leaves an offer out until it opens again, and nobody need change anything for that', async () => {
    const closedUntil = new Date(Date.now() + 3000).toISOString();
    const card = { ...OFFER, offerId: 'card', closedUntil };
    const { catalogue, asked } = await start({ content: { offers: [OFFER, card] } });
    const listed = () => catalogue.offers().map((offer) => offer.offerId);
    assert.deepEqual(listed(), ['loan']);
    assert.equal(catalogue.offers(), catalogue.offers());
    assert.equal(await catalogue.findOffer('card'), undefined);
    await eventually(() => assert.deepEqual(listed(), ['loan', 'card']));
    assert.equal((await catalogue.findOffer('card'))?.offerId, 'card');
    assert.deepEqual(asked, { versions: 0, loads: 1 });
  });

  it('knows advertisers without asking the database, and finds a new one at once', async () => {
    const { catalogue, store, asked } = await start({ content: { advertisers: [advertiserOf('bank')] } });
    assert.equal((await catalogue.findAdvertiser('bank'))?.advertiserId, 'bank');
    assert.deepEqual(asked, { versions: 0, loads: 1 });
    Object.assign(store, { version: 2, advertisers: [advertiserOf('bank'), advertiserOf('shop')] });
    assert.equal((await catalogue.findAdvertiser('shop'))?.advertiserId, 'shop');
    assert.equal(await catalogue.findAdvertiser('nobody'), undefined);
    assert.equal(await catalogue.findAdvertiser('../bank'), undefined);
  });

  it('hears of a token that was replaced by the next look at the version', async () => {
    const { catalogue, store } = await start({ pollIntervalMs: 5, content: { advertisers: [advertiserOf('bank')] } });
    const tokens = [{ value: 'newer', endsAt: null }];
    Object.assign(store, { version: 2, advertisers: [{ ...advertiserOf('bank'), tokens }] });
    await eventually(async () => assert.deepEqual((await catalogue.findAdvertiser('bank'))?.tokens, tokens));
  });

  it('does not start without its content', async () => {
    const absent = createCatalogue({
      load: () => Promise.reject(new Error('no database')),
      readVersion: () => Promise.resolve(1),
      pollIntervalMs: 1,
    });
    await assert.rejects(absent.start(), /no database/);
  });

  it('finds a new partner and a new offer at once', async () => {
    const { catalogue, store } = await start();
    Object.assign(store, {
      version: 2,
      partnerIds: ['first', 'second'],
      offers: [OFFER, { ...OFFER, offerId: 'card' }],
    });
    assert.equal(await catalogue.findPartner('second'), true);
    assert.equal((await catalogue.findOffer('card'))?.offerId, 'card');
  });

  it('finds each partner that was committed before the question, however many miss at the same time', async () => {
    const { catalogue, store } = await start();
    const guesses = Array.from({ length: 20 }, (_, index) => catalogue.findPartner(`guess${index}`));
    Object.assign(store, { version: 2, partnerIds: ['second'] });
    assert.equal(await catalogue.findPartner('second'), true);
    await Promise.all(guesses);
  });

  it('asks once for all guesses of the same moment, and does not load what has not changed', async () => {
    const { catalogue, asked } = await start();
    const guesses = Array.from({ length: 1000 }, (_, index) => catalogue.findPartner(`guess${index}`));
    assert.deepEqual(new Set(await Promise.all(guesses)), new Set([false]));
    assert.deepEqual(asked, { versions: 1, loads: 1 });
  });

  it('does not look for what no partner and no offer can be called', async () => {
    const { catalogue, asked } = await start();
    for (const id of ['docs', 'wp-login.php', 'A', '', 'x'.repeat(41)]) {
      assert.equal(await catalogue.findPartner(id), false);
      assert.equal(await catalogue.findOffer(id), undefined);
    }
    assert.deepEqual(asked, { versions: 0, loads: 1 });
  });

  it('asks at most twenty times a second for guesses that follow each other', async () => {
    const { catalogue, asked } = await start();
    const began = performance.now();
    for (let guess = 0; guess < 6; guess++) await catalogue.findOffer(`guess${guess}`);
    assert.equal(asked.versions, 6);
    assert.ok(performance.now() - began >= 5 * 49);
  });

  it('answers that it is unavailable, and not that it does not know, while the database is away', async () => {
    const { catalogue, fail } = await start();
    fail(new Error('away'));
    await assert.rejects(catalogue.findPartner('second'), { kind: 'unavailable' });
    fail(undefined);
    assert.equal(await catalogue.findPartner('second'), false);
  });

  it('forgets what was paused when the version moves', async () => {
    const { catalogue, store } = await start({ pollIntervalMs: 5 });
    const before = catalogue.offers();
    Object.assign(store, { version: 2, partnerIds: [], offers: [] });
    await eventually(() => assert.deepEqual(catalogue.offers(), []));
    assert.equal(await catalogue.findPartner('first'), false);
    assert.equal(await catalogue.findOffer('loan'), undefined);
    assert.notEqual(catalogue.offers(), before);
  });

  it('follows a version that went back, as after a restore', async () => {
    const { catalogue, store } = await start({ pollIntervalMs: 5, content: { version: 9 } });
    Object.assign(store, { version: 2, offers: [{ ...OFFER, offerId: 'restored' }] });
    await eventually(() => assert.equal(catalogue.offers()[0]?.offerId, 'restored'));
  });

  it('gives the same list of offers as long as nothing has changed', async () => {
    const { catalogue, asked } = await start({ pollIntervalMs: 2 });
    const before = catalogue.offers();
    await eventually(() => assert.ok(asked.versions >= 3, 'not yet'));
    assert.equal(catalogue.offers(), before);
  });

  it('keeps what it knows while it cannot be refreshed, warns, and goes on trying', async () => {
    const { catalogue, store, warnings, fail } = await start({ pollIntervalMs: 5 });
    fail(new Error('away'));
    await eventually(() => assert.ok(warnings.length >= 2, 'not yet'));
    assert.ok(await catalogue.findPartner('first'));
    Object.assign(store, { version: 2, offers: [{ ...OFFER, offerId: 'card' }] });
    fail(undefined);
    await eventually(() => assert.equal(catalogue.offers()[0]?.offerId, 'card'));
  });

  it('leaves out an offer whose URL cannot be used, and warns', async () => {
    const content = { offers: [{ ...OFFER, offerId: 'bad', url: 'not a url' }, OFFER] };
    const { catalogue, warnings } = await start({ content });
    assert.deepEqual(
      catalogue.offers().map((offer) => offer.offerId),
      ['loan'],
    );
    assert.equal(warnings.length, 1);
  });
});
