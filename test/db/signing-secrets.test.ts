import assert from 'node:assert/strict';
import { readPartner } from '../../src/db/partners.ts';
import {
  listSigningSecrets,
  readSigningSecrets,
  removeSigningSecrets,
  rotateSigningSecret,
} from '../../src/db/keys/signing-secrets.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNetwork, type Network } from '../support/network-in-database.ts';

describe("a partner's signing secrets", () => {
  let network: Network;
  let partnerId: string;

  before(async () => {
    network = await createNetwork(await createTestDatabase());
  });

  beforeEach(async () => {
    partnerId = await network.partner();
  });

  after(() => network.close());

  async function rotate(keepOldForSeconds?: number): Promise<string> {
    const secret = await rotateSigningSecret(network.db, partnerId, { keepOldForSeconds });
    assert.ok(secret);
    return secret;
  }

  const read = () => readSigningSecrets(network.db, partnerId);

  /** As if it had been so long ago. */
  async function expire(): Promise<void> {
    await network
      .db('partner_signing_secrets')
      .whereNotNull('expires_at')
      .update({ expires_at: '2026-01-01T00:00:00Z' });
  }

  it('are none at first', async () => {
    assert.deepEqual(await read(), []);
    assert.deepEqual(await listSigningSecrets(network.db, partnerId), []);
  });

  it('begin with whsec_, and are shown again only by their beginning', async () => {
    const secret = await rotate();
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.deepEqual(await read(), [secret]);
    const [shown] = await listSigningSecrets(network.db, partnerId);
    assert.deepEqual(
      { ...shown, created_at: null },
      { prefix: secret.slice(0, 10), created_at: null, expires_at: null },
    );
  });

  it('give way at once unless the old one is to be kept', async () => {
    await rotate();
    const second = await rotate();
    assert.deepEqual(await read(), [second]);
    const third = await rotate(3600);
    assert.deepEqual(await read(), [third, second]);
    await expire();
    assert.deepEqual(await read(), [third]);
    assert.equal((await listSigningSecrets(network.db, partnerId)).length, 1);
  });

  it('are never more than two', async () => {
    await rotate();
    const second = await rotate(3600);
    const third = await rotate(3600);
    assert.deepEqual(await read(), [third, second]);
    const [, old] = await listSigningSecrets(network.db, partnerId);
    assert.ok(old?.expires_at);
  });

  it('are one after the other, also when two people rotate at once', async () => {
    const made = await Promise.all([rotate(3600), rotate(3600), rotate(3600)]);
    const live = await read();
    assert.equal(live.length, 2);
    assert.ok(live.every((secret) => made.includes(secret)));
  });

  it('end when they are removed', async () => {
    await rotate();
    await rotate(3600);
    assert.equal(await removeSigningSecrets(network.db, partnerId), true);
    assert.deepEqual(await read(), []);
    assert.equal(await removeSigningSecrets(network.db, partnerId), false);
  });

  it('are one partner’s alone, and nobody’s without a partner', async () => {
    await rotate();
    const other = await network.partner();
    assert.deepEqual(await readSigningSecrets(network.db, other), []);
    assert.equal(await rotateSigningSecret(network.db, 'nobody'), undefined);
    assert.deepEqual(await readSigningSecrets(network.db, 'nobody'), []);
  });

  it('count as a change of the partner’s settings, so that whoever holds those reads them anew', async () => {
    const before = await readPartner(network.db, partnerId);
    await rotate();
    const after = await readPartner(network.db, partnerId);
    assert.notEqual(after?.updated_at, before?.updated_at);
  });
});
