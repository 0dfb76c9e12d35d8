import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import {
  createAdvertiser,
  findAdvertiserByTokenHash,
  listAdvertisers,
  readAdvertiser,
  replaceAdvertiserToken,
  updateAdvertiser,
} from '../../src/db/advertisers.ts';
import { loadCatalogue, readCatalogueVersion } from '../../src/db/catalogue.ts';
import { createOffer, listOffers, readOffer, updateOffer } from '../../src/db/offers.ts';
import { createPartner, listPartners, listRefIdWarnings, readPartner, updatePartner } from '../../src/db/partners.ts';
import { replacePartnerKey } from '../../src/db/keys/partner-keys.ts';
import { hashKey } from '../../src/db/keys/keys.ts';
import { isPublicId } from '../../src/domain/ids.ts';
import { createTestDatabase } from '../support/database.ts';
import { assertFields } from '../support/fields.ts';
import { settingsFor } from '../support/postback-settings.ts';

const REWARD = { amount: 1250, currency: 'USD' };
const URL = 'https://bank.example/?c={conversion_id}';

describe('the catalogue in the database', () => {
  let db: Knex;
  before(async () => {
    ({ db } = await createTestDatabase());
  });
  after(() => db.destroy());

  describe('partners', () => {
    it('get an id of 11 lower-case letters and digits, and a key that is not kept', async () => {
      const { partner, apiKey } = await createPartner(db, { name: 'Ann' });
      assert.match(partner.partner_id, /^[a-z0-9]{11}$/);
      assert.match(apiKey, /^ck_[A-Za-z0-9]{32}$/);
      assert.ok(apiKey.startsWith(partner.api_key_prefix));
      const row = JSON.stringify(await db('partners').where({ partner_id: partner.partner_id }).first());
      assert.ok(!row.includes(apiKey.slice(10)));
    });

    it('get the id they ask for, once', async () => {
      const { partner } = await createPartner(db, { name: 'Cay', partner_id: 'cay-media' });
      assert.equal(partner.partner_id, 'cay-media');
      await assert.rejects(createPartner(db, { name: 'Other', partner_id: 'cay-media' }), {
        kind: 'taken',
        message: /cay-media/,
      });
    });

    it('keep their postback settings as they were given, until these are removed', async () => {
      const postback = settingsFor('https://t.example/?c={ref_id}', { status_words: { approved: 'ok' } });
      const { partner } = await createPartner(db, { name: 'Dan', postback });
      assert.deepEqual(partner.postback, postback);
      const renamed = await updatePartner(db, partner.partner_id, { name: 'Daniel' });
      assertFields(renamed, { name: 'Daniel', postback });
      assert.equal((await updatePartner(db, partner.partner_id, { postback: null }))?.postback, null);
      assert.equal((await readPartner(db, partner.partner_id))?.postback, null);
    });

    it('lose their old key when they get a new one', async () => {
      const { partner, apiKey } = await createPartner(db, { name: 'Eve' });
      const replaced = await replacePartnerKey(db, partner.partner_id);
      assert.deepEqual(await db('partners').where({ api_key_hash: hashKey(apiKey) }), []);
      const withNewKey = await db('partners')
        .where({ api_key_hash: hashKey(replaced ?? '') })
        .select('partner_id');
      assert.deepEqual(withNewKey, [{ partner_id: partner.partner_id }]);
    });

    it('who do not exist are not read, changed or given a key', async () => {
      assert.equal(await readPartner(db, 'nobody'), undefined);
      assert.equal(await updatePartner(db, 'nobody', { name: 'x' }), undefined);
      assert.equal(await replacePartnerKey(db, 'nobody'), undefined);
    });

    it('are listed in pages, each once', async () => {
      const all = (await listPartners(db, { limit: 200 })).map((partner) => partner.partner_id);
      const paged: string[] = [];
      for (let page = await listPartners(db, { limit: 2 }); page.length > 0;) {
        paged.push(...page.map((partner) => partner.partner_id));
        page = await listPartners(db, { limit: 2, after: paged.at(-1) });
      }
      assert.deepEqual(paged, all);
      assert.ok(all.length > 2, 'more than one page');
    });
  });

  describe('advertisers', () => {
    it('get a readable id and a token that is not kept', async () => {
      const { advertiser, token } = await createAdvertiser(db, { name: 'Grüne Energie & Co.' });
      assert.match(advertiser.advertiser_id, /^grune-energie-co-[a-z0-9]{6}$/);
      assert.match(token, /^at_[A-Za-z0-9]{32}$/);
      assert.equal(await findAdvertiserByTokenHash(db, hashKey(token)), advertiser.advertiser_id);
      assert.deepEqual(await readAdvertiser(db, advertiser.advertiser_id), advertiser);
    });

    it('get a usable id whatever they are called', async () => {
      for (const name of ['北京', '!!!', '-', 'x'.repeat(120)]) {
        const { advertiser } = await createAdvertiser(db, { name });
        assert.ok(isPublicId(advertiser.advertiser_id), advertiser.advertiser_id);
      }
    });

    it('can still report when they are paused, and not with a token that was replaced', async () => {
      const { advertiser, token } = await createAdvertiser(db, { name: 'Bank' });
      await updateAdvertiser(db, advertiser.advertiser_id, { state: 'paused' });
      assert.equal(await findAdvertiserByTokenHash(db, hashKey(token)), advertiser.advertiser_id);
      const replaced = await replaceAdvertiserToken(db, advertiser.advertiser_id);
      assert.equal(await findAdvertiserByTokenHash(db, hashKey(token)), undefined);
      assert.equal(await findAdvertiserByTokenHash(db, hashKey(replaced ?? '')), advertiser.advertiser_id);
    });

    it('get one new token when two people replace the same one at once', async () => {
      const { advertiser, token } = await createAdvertiser(db, { name: 'Bank' });
      const { advertiser_id: id, token_prefix: prefix } = advertiser;
      const given = await Promise.all([1, 2].map(() => replaceAdvertiserToken(db, id, { prefix })));
      const [only, ...others] = given.filter((each) => each !== undefined);
      assert.equal(others.length, 0);
      assert.equal(await findAdvertiserByTokenHash(db, hashKey(only ?? '')), id);
      assert.equal(await findAdvertiserByTokenHash(db, hashKey(token)), undefined);
    });

    it('are listed', async () => {
      assert.equal((await listAdvertisers(db, { limit: 3 })).length, 3);
    });
  });

  describe('offers', () => {
    let advertiserId: string;
    before(async () => {
      const { advertiser } = await createAdvertiser(db, { name: 'Shop' });
      advertiserId = advertiser.advertiser_id;
    });
    const create = (given: object = {}) =>
      createOffer(db, { advertiser_id: advertiserId, name: 'Card', url: URL, reward: REWARD, ...given });

    it('are read as they were made', async () => {
      const offer = await create({ description: 'Two\nlines', offer_id: 'the-card' });
      assert.deepEqual(await readOffer(db, 'the-card'), offer);
      assertFields(offer, { reward: REWARD, price_version: 1, description: 'Two\nlines' });
      await assert.rejects(create({ offer_id: 'the-card' }), { kind: 'taken' });
    });

    it('need an advertiser who exists', async () => {
      await assert.rejects(create({ advertiser_id: 'nobody' }), { kind: 'invalid', message: /nobody/ });
    });

    it('R13: another reward makes another version of the price, and nothing else does', async () => {
      const { offer_id } = await create();
      const versions = [];
      for (const patch of [
        { name: 'New name' },
        { reward: REWARD },
        { reward: { amount: 1300, currency: 'USD' } },
        { reward: { amount: 1300, currency: 'EUR' } },
      ]) {
        versions.push((await updateOffer(db, offer_id, patch))?.price_version);
      }
      assert.deepEqual(versions, [1, 1, 2, 3]);
      assert.deepEqual((await readOffer(db, offer_id))?.reward, { amount: 1300, currency: 'EUR' });
    });

    it('are listed by advertiser', async () => {
      const { advertiser } = await createAdvertiser(db, { name: 'Small' });
      const { offer_id } = await create({ advertiser_id: advertiser.advertiser_id });
      const listed = await listOffers(db, { limit: 10, advertiser_id: advertiser.advertiser_id });
      assert.deepEqual(
        listed.map((offer) => offer.offer_id),
        [offer_id],
      );
      assert.deepEqual(
        await listOffers(db, { limit: 10, advertiser_id: advertiser.advertiser_id, after: offer_id }),
        [],
      );
    });
  });

  describe('what the click path loads', () => {
    it('moves its version with each change, and with nothing else', async () => {
      const versions = [await readCatalogueVersion(db)];
      const note = async () => versions.push(await readCatalogueVersion(db));
      const { partner } = await createPartner(db, { name: 'V' });
      await note();
      await updatePartner(db, partner.partner_id, { state: 'paused' });
      await note();
      const { advertiser } = await createAdvertiser(db, { name: 'V' });
      await note();
      const { offer_id } = await createOffer(db, {
        advertiser_id: advertiser.advertiser_id,
        name: 'V',
        url: URL,
        reward: REWARD,
      });
      await note();
      await updateOffer(db, offer_id, { state: 'paused' });
      await note();
      assert.deepEqual([...new Set(versions)], versions);
      await readPartner(db, partner.partner_id);
      assert.equal(await readCatalogueVersion(db), versions.at(-1));
      assert.equal((await loadCatalogue(db)).version, versions.at(-1));
    });

    it('holds partners and offers only while they, and their advertisers, are active', async () => {
      const { partner } = await createPartner(db, { name: 'W' });
      const { advertiser } = await createAdvertiser(db, { name: 'Whole Bank' });
      const { advertiser_id: advertiserId } = advertiser;
      const { offer_id: offerId } = await createOffer(db, {
        advertiser_id: advertiserId,
        name: 'W',
        url: URL,
        reward: REWARD,
        description: 'd',
      });
      const load = async () => {
        const { partnerIds, offers } = await loadCatalogue(db);
        const hasPartner = partnerIds.includes(partner.partner_id);
        return { hasPartner, offer: offers.find((offer) => offer.offerId === offerId) };
      };
      const names = { advertiserName: 'Whole Bank', name: 'W', description: 'd' };
      const offer = { offerId, advertiserId, ...names, url: URL, closedUntil: null };
      assert.deepEqual(await load(), { hasPartner: true, offer });
      await updatePartner(db, partner.partner_id, { state: 'paused' });
      await updateAdvertiser(db, advertiserId, { state: 'paused' });
      assert.deepEqual(await load(), { hasPartner: false, offer: undefined });
      await updateAdvertiser(db, advertiserId, { state: 'active' });
      await updateOffer(db, offerId, { state: 'paused' });
      assert.deepEqual(await load(), { hasPartner: false, offer: undefined });
    });
  });

  describe('R5: warnings', () => {
    it('tell a partner how many unusable ref_ids it sent, with the latest of each kind', async () => {
      const touch = (seq: number, problem: string | null, sample: string | null, partner_id = 'warned') => ({
        lead_id: `lead-${partner_id}`,
        seq,
        type: 'touch',
        at: new Date(Date.UTC(2026, 0, seq)).toISOString(),
        partner_id,
        ref_id_problem: problem,
        ref_id_sample: sample,
      });
      await db('lead_events').insert([
        touch(1, 'too_long', 'older'),
        touch(2, 'too_long', 'newer'),
        touch(3, 'control_characters', 'odd'),
        touch(4, null, null),
        touch(1, 'too_long', 'of somebody else', 'somebody'),
      ]);
      assert.deepEqual(await listRefIdWarnings(db, 'warned'), [
        { problem: 'control_characters', count: 1, latest_at: '2026-01-03T00:00:00.000Z', latest_sample: 'odd' },
        { problem: 'too_long', count: 2, latest_at: '2026-01-02T00:00:00.000Z', latest_sample: 'newer' },
      ]);
      assert.deepEqual(await listRefIdWarnings(db, 'nobody'), []);
    });
  });
});
