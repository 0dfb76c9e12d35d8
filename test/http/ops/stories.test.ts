import assert from 'node:assert/strict';
import { createTestDatabase } from '../../support/database.ts';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import { makeHotLead } from '../../support/leads/hot-lead.ts';
import { createNetwork, type Network } from '../../support/network-in-database.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { makeAdminDeps } from '../build-ops-app.ts';
import { buildOpsConsole, type OpsConsole } from '../build-ops-console.ts';

describe('the stories of the ops console', () => {
  let network: Network;
  let site: OpsConsole;
  let browser: ConsoleVisitor;
  let lead: EventfulLead;

  const read = async (path: string) => {
    const { status, text } = await browser.get(path);
    assert.equal(status, 200, text);
    return text;
  };

  before(async () => {
    network = await createNetwork(await createTestDatabase());
    site = buildOpsConsole(network);
    browser = await site.signedIn();
    lead = await makeEventfulLead(network);
  });
  afterEach(() => assert.deepEqual(site.logged, []));
  after(() => network.close());

  it('say in one sentence who holds a lead and why', async () => {
    const text = await read(`/ops/leads/${lead.leadId}`);
    assert.match(text, new RegExp(`${lead.last} holds it by the last touch of any partner at <time`));
    assert.match(text, new RegExp(`${lead.first} touched it earlier`));
    assert.match(text, /Its postbacks carry the ref_id ref-of-last/);
    const house = network.newLead();
    await network.convert(house);
    assert.match(await read(`/ops/leads/${house}`), /It belongs to the house: no partner has ever touched it/);
  });

  it('lead on to all that they name: workflow, partners, offer, conversions, postbacks', async () => {
    const text = await read(`/ops/leads/${lead.leadId}`);
    for (const href of [
      `http://localhost:8233/namespaces/default/workflows/lead%3A${lead.leadId}`,
      `/ops/partners/${lead.first}`,
      `/ops/partners/${lead.last}`,
      `/ops/offers/${network.offerId}`,
      `/ops/conversions/${lead.otherConversionId}`,
      `/ops/postbacks/d${lead.leadId.slice(-15)}`,
      // The documentation is on the public listener.
      'https://cashcat.example/docs#compete',
    ]) {
      assert.ok(text.includes(`href="${href}"`), href);
    }
    assert.match(text, /reward booked: 12\.50 USD for/);
  });

  it('come page by page where a lead is large, its latest events first', async () => {
    const hot = await makeHotLead(network, await network.partner(), { touches: 300, conversions: 5, approved: 1 });
    const latest = await read(`/ops/leads/${hot.leadId}`);
    assert.match(latest, new RegExp(`Events ${hot.lastSeq - 99} to ${hot.lastSeq} of ${hot.lastSeq}`));
    assert.ok(latest.includes(`/ops/leads/${hot.leadId}?after=${hot.lastSeq - 200}`));
    const first = await read(`/ops/leads/${hot.leadId}?after=0`);
    assert.match(first, /Events 1 to 100 of 3\d\d/);
    assert.ok(first.includes(`/ops/leads/${hot.leadId}?after=100`));
    await read(`/ops/leads/${hot.leadId}?after=x`);
    await read(`/ops/leads/${hot.leadId}?after=999999999`);
  });

  it('explain a conversion to its partner in words that can be copied, and name no other partner in them', async () => {
    const text = await read(`/ops/conversions/${lead.conversionId}`);
    const [, explanation = ''] = /<blockquote[^>]*>([^]*?)<\/blockquote>/.exec(text) ?? [];
    for (const part of [
      /began at \d{4}-\d\d-\d\d \d\d:\d\d UTC, after a visit by your link with the ref_id ref-of-last/,
      /The advertiser reported approved at .*, with the reason &quot;paid&quot;/,
      /You won it/,
      /Your reward is 12\.50 USD/,
      /Your tracker was told approved at .* and answered 200/,
    ]) {
      assert.match(explanation, part);
    }
    assert.ok(!explanation.includes(lead.first) && !/R\d/.test(explanation), explanation);
    assert.ok(text.includes(`data-copy="Conversion ${lead.conversionId}`));
  });

  it('explain it to the partner that lost as well', async () => {
    const text = await read(`/ops/conversions/${lead.conversionId}?to=${lead.first}`);
    const [, explanation = ''] = /<blockquote[^>]*>([^]*?)<\/blockquote>/.exec(text) ?? [];
    assert.match(explanation, /another partner's touch came after yours|another partner&#39;s touch came after yours/);
    assert.match(explanation, /No reward was booked for you/);
    assert.ok(!explanation.includes(lead.last), explanation);
  });

  it('show every call of the advertiser as it came, also those without effect', async () => {
    const text = await read(`/ops/conversions/${lead.conversionId}`);
    assert.equal(text.split('The call as it came').length - 1, 4);
    assert.match(text, /&quot;status&quot;: &quot;perhaps&quot;/);
  });

  it('are told in words, not in codes', async () => {
    const [, told = ''] = /<main[^>]*>([^]*)<\/main>/.exec(await read(`/ops/conversions/${lead.conversionId}`)) ?? [];
    assert.match(told, /with the word &quot;perhaps&quot;: refused, nobody has said what this word means/);
    assert.match(told, /its ref_id was unusable \(longer than 32 characters\)/);
    const visible = told.replace(/<[^>]*>/g, '');
    assert.doesNotMatch(visible, /unknown_word|window_closed|accepted_late|no_ref_id|too_long|no ref id/);
  });

  it('show a postback with the bytes both ways', async () => {
    const text = await read(`/ops/postbacks/d${lead.leadId.slice(-15)}`);
    assert.match(text, /GET https:\/\/t\.example\/\?c=ref-of-last/);
    assert.match(text, /HTTP 302/);
    assert.ok(text.includes(`/ops/partners/${lead.last}`));
  });

  it('have a postback sent again, once asked for, and note who asked', async () => {
    const id = `d${lead.leadId.slice(-15)}`;
    const operator = await site.signedIn(await site.makeKey('operate', 'otto'));
    await operator.get(`/ops/postbacks/${id}`);
    const answer = await operator.post(`/ops/postbacks/${id}/redeliver`);
    assert.equal(answer.status, 303);
    assert.match((await operator.get(answer.headers.location ?? '')).text, /It is being redelivered/);
    assert.equal((await operator.post(`/ops/postbacks/${id}/redeliver`)).status, 409);
    const noted = await network.db('audit_log').where({ subject_id: id }).select<object[]>('actor', 'action');
    assert.deepEqual(noted, [{ actor: 'otto', action: 'redeliver' }]);
    const reader = await site.signedInAs('read');
    assert.ok(!(await reader.get(`/ops/postbacks/${id}`)).text.includes('Redeliver<'));
  });

  it('are found by lists with filters', async () => {
    for (const [path, wanted] of [
      [`/ops/leads?partner_id=${lead.last}`, lead.leadId],
      ['/ops/leads?ref_id=ref-of-last', lead.leadId],
      ['/ops/conversions?status=approved', lead.conversionId],
      [`/ops/postbacks?partner_id=${lead.last}`, `d${lead.leadId.slice(-15)}`],
    ] as const) {
      assert.ok((await read(path)).includes(wanted), path);
    }
    for (const path of ['/ops/leads', '/ops/conversions', '/ops/postbacks']) {
      assert.match(await read(`${path}?from=2020-01-01&to=2020-01-02`), /Nothing fits/);
      await read(`${path}?cursor=%00&status=x&state=y&from=z&who=%ff`);
    }
  });

  it('keep hostile text text', async () => {
    await network.db('partners').where({ partner_id: lead.first }).update({ name: '<script>alert(1)</script>' });
    await network.db('postback_attempts').update({ response_body: '<img src=x onerror=alert(1)>' });
    for (const path of [
      `/ops/leads/${lead.leadId}`,
      `/ops/conversions/${lead.conversionId}`,
      `/ops/postbacks/s${lead.leadId.slice(-15)}`,
      `/ops/postbacks/d${lead.leadId.slice(-15)}`,
      `/ops/partners/${lead.first}`,
      '/ops/partners',
      '/ops/audit',
    ]) {
      const text = await read(path);
      assert.ok(!text.includes('<script>alert') && !text.includes('<img src=x'), path);
    }
  });
});

describe('the overview of the ops console', () => {
  it('says in sentences what is stuck and who waits, and is calm about the rest', async () => {
    const network = await createNetwork(await createTestDatabase());
    await network.db('counting_progress').update({ counted_upto: network.db.fn.now() });
    const site = buildOpsConsole(network);
    const browser = await site.signedInAs('read');
    const calm = (await browser.get('/ops')).text;
    for (const text of [
      'Every status is settled',
      'Every word that an advertiser uses is understood',
      'None is failing',
    ]) {
      assert.ok(calm.includes(text), text);
    }
    assert.ok(!calm.includes('message-busy'));

    const lead = await makeEventfulLead(network);
    await network.db('partner_endpoints').insert({
      ...{ partner_id: lead.last, origin: 'https://t.example', consecutive_failures: 3, recent_attempts: 3 },
      ...{ failing_since: network.db.fn.now(), last_failure_at: network.db.fn.now() },
    });
    const late = await network.aLead(lead.last);
    await network.db('leads').where({ lead_id: late.leadId }).update({ last_activity_at: '2020-01-01T00:00:00Z' });
    await network.report(late.conversionId, 'approved').catch(() => undefined);
    const { text } = await browser.get('/ops');
    for (const told of [
      /1 partner(?:'|&#39;)s endpoint is failing/,
      /1 word of advertisers is not understood/,
      /1 status came after the window and waits to be accepted or left/,
      /things wait for you/,
    ]) {
      assert.match(text, told);
    }
    assert.ok(text.includes('href="/ops/endpoints?state=failing"'));
    assert.deepEqual([site.logged, site.warned], [[], []]);
    await network.close();
  });

  it('says of a part that is slow or missing that it cannot be told, and shows the rest', async () => {
    const network = await createNetwork(await createTestDatabase());
    await network.db('counting_progress').update({ counted_upto: network.db.fn.now() });
    const away = { ...makeAdminDeps(network), checkTemporal: () => Promise.reject(new Error('away')) };
    const site = buildOpsConsole(network, { admin: away });
    const browser = await site.signedInAs('read');
    const { text } = await browser.get('/ops');
    assert.match(text, /One thing is stuck/);
    assert.match(text, /Temporal does not answer/);
    await network.db.raw('alter table outbox rename to outbox_away');
    const broken = await browser.get('/ops');
    assert.equal(broken.status, 200);
    assert.match(broken.text, /This cannot be told at the moment/);
    assert.match(broken.text, /None is running/);
    // Others that look at the same table may be told first.
    const relay = site.warned.find((line) => 'check' in line && line.check === 'Relay');
    assert.ok(relay, `It was warned of ${JSON.stringify(site.warned)}.`);
    await network.db.raw('alter table outbox_away rename to outbox');
    await network.close();
  });
});
