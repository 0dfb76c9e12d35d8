import assert from 'node:assert/strict';
import request from 'supertest';
import { AppError } from '../../../src/errors.ts';
import { writeVisitTraces } from '../../../src/db/fraud/visit-traces.ts';
import { createVisitTraces, type VisitTraceDeps } from '../../../src/intake/visit-traces.ts';
import { newLeadId } from '../../../src/new-ids.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createNetwork } from '../../support/network-in-database.ts';
import { eventually } from '../../support/eventually.ts';
import { assertFields } from '../../support/fields.ts';
import { buildPublicApp, makeOffer, PHONE, WINDOW_MS } from '../build-public-app.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const PARTNER = '/abcdefghigk/';

function cookieOf(response: request.Response): string {
  const [cookie = ''] = (response.headers['set-cookie'] as unknown as string[] | undefined) ?? [];
  return cookie;
}

function tokenOf(response: request.Response): string {
  return cookieOf(response).split(';')[0]?.replace('lead=', '') ?? '';
}

describe('R1: a touch', () => {
  it('a visit to a referral link is recorded before the wall is shown', async () => {
    const { app, clicks } = await buildPublicApp();
    const response = await request(app).get(`${PARTNER}?ref_id=click-1`).set('user-agent', PHONE).expect(200);
    assert.match(response.text, /First loan/);
    assert.deepEqual(clicks[0]?.touch, {
      partnerId: 'abcdefghigk',
      refId: 'click-1',
      refIdProblem: null,
      refIdSample: null,
    });
    assert.equal(clicks[0]?.conversion, null);
  });

  it('a referral link works with and without the slash at its end', async () => {
    const { app, clicks } = await buildPublicApp();
    await request(app).get('/abcdefghigk').expect(200);
    await request(app).get('/abcdefghigk?ref_id=1').expect(200);
    assert.equal(clicks.length, 2);
  });

  it("a referral link works in capitals and with too many slashes, and the touch is its partner's", async () => {
    const { app, clicks } = await buildPublicApp();
    const paths = ['/ABCdefGHIGK/', '/ABCDEFGHIGK', '//abcdefghigk/', '/abcdefghigk//', '///Abcdefghigk///'];
    for (const path of paths) {
      const response = await request(app).get(`${path}?ref_id=click-1`);
      assert.equal(response.status, 200, path);
    }
    await request(app).get('//abcdefghigk/?ref_id=1&offer_id=loan').expect(302);
    await request(app).head('//ABCDEFGHIGK/').expect(200);
    assert.deepEqual(
      clicks.map(({ touch }) => touch?.partnerId),
      Array(paths.length + 1).fill('abcdefghigk'),
    );
    for (const path of ['//nobodyhere1/', '//docs', '/DOCS', '//go/nothing']) await request(app).get(path).expect(404);
    assert.equal(clicks.length, paths.length + 1);
  });

  it('an offer is found in capitals and with too many slashes too, so that no conversion is lost', async () => {
    const { app, clicks } = await buildPublicApp();
    const paths = [
      '/go/LOAN',
      '//go/loan',
      '/go//Loan/',
      '///go//Loan//',
      `${PARTNER}?offer_id=LOAN`,
      '//abcdefghigk//?offer_id=Loan',
    ];
    for (const path of paths) {
      const response = await request(app).get(path);
      assert.equal(response.status, 302, path);
    }
    assert.deepEqual(
      clicks.map(({ conversion }) => conversion?.offerId),
      Array(paths.length).fill('loan'),
    );
  });

  it('a visit is answered only after it is committed', async () => {
    const commits: ((leadId: string) => void)[] = [];
    const { app } = await buildPublicApp({
      clicks: {
        record: () => new Promise((resolve) => void commits.push(resolve)),
        recordBotVisit: () => Promise.resolve(),
      },
    });
    let isAnswered = false;
    const answer = request(app)
      .get(PARTNER)
      .then((response) => {
        isAnswered = true;
        return response;
      });
    await eventually(() => assert.equal(commits.length, 1));
    assert.equal(isAnswered, false);
    commits[0]?.(newLeadId());
    assert.equal((await answer).status, 200);
  });

  it('a visit with an offer is a conversion too and leads straight to the advertiser', async () => {
    const { app, clicks } = await buildPublicApp();
    const response = await request(app).get(`${PARTNER}?ref_id=r&offer_id=loan`).expect(302);
    const conversion = clicks[0]?.conversion;
    assert.deepEqual({ ...conversion, conversionId: '' }, { conversionId: '', offerId: 'loan', advertiserId: 'bank' });
    assert.equal(response.headers.location, `https://bank.example/apply?click=${conversion?.conversionId}`);
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.equal(clicks.length, 1);
  });

  it('a visit counts even when its offer is unknown, and the page says so', async () => {
    const { app, clicks } = await buildPublicApp();
    const response = await request(app).get(`${PARTNER}?offer_id=gone`).expect(404);
    assert.match(response.text, /This offer has ended/);
    assert.match(response.text, /\/go\/loan\?lead=/);
    assert.equal(clicks[0]?.touch?.partnerId, 'abcdefghigk');
    assert.equal(clicks[0]?.conversion, null);
    assert.notEqual(cookieOf(response), '');
  });

  it('a HEAD makes no touch and is answered like a GET', async () => {
    const { app, clicks } = await buildPublicApp();
    await request(app).head(PARTNER).expect(200);
    const direct = await request(app).head(`${PARTNER}?offer_id=loan`).expect(302);
    assert.match(direct.headers.location ?? '', /^https:\/\/bank\.example\//);
    await request(app).head('/go/loan').expect(302);
    await request(app).head(`${PARTNER}?offer_id=gone`).expect(404);
    assert.deepEqual(clicks, []);
    assert.equal(cookieOf(direct), '');
  });

  for (const [name, value] of [
    ['Sec-Purpose', 'prefetch'],
    ['Sec-Purpose', 'prefetch;prerender'],
    ['Sec-Purpose', 'prefetch;anonymous-client-ip'],
    ['Purpose', 'prefetch'],
    ['X-Purpose', 'preview'],
    ['X-Moz', 'prefetch'],
  ] as const) {
    it(`a page loaded in advance (${name}: ${value}) makes no touch, and no browser may show it later`, async () => {
      const { app, clicks, botVisits } = await buildPublicApp();
      for (const path of [PARTNER, `${PARTNER}?offer_id=loan`, '/go/loan']) {
        const response = await request(app).get(path).set(name, value).expect(403);
        assert.equal(response.headers['cache-control'], 'no-store');
        assert.match(response.headers.vary ?? '', /Sec-Purpose/);
        assert.equal(cookieOf(response), '');
      }
      assert.deepEqual({ clicks, botVisits }, { clicks: [], botVisits: [] });
    });
  }

  it('a known bot makes no touch, and its visit is recorded as such', async () => {
    const { app, clicks, botVisits } = await buildPublicApp();
    for (const path of [PARTNER, `${PARTNER}?offer_id=loan`]) {
      const agent = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
      const response = await request(app).get(path).set('user-agent', agent).expect(200);
      assert.equal(cookieOf(response), '');
    }
    assert.deepEqual(clicks, []);
    assert.deepEqual(botVisits, [
      { partnerId: 'abcdefghigk', bot: 'googlebot' },
      { partnerId: 'abcdefghigk', bot: 'googlebot' },
    ]);
  });

  it('a bot that follows a link of the wall makes no conversion', async () => {
    const { app, clicks } = await buildPublicApp();
    await request(app).get('/go/loan').set('user-agent', 'facebookexternalhit/1.1').expect(200);
    assert.deepEqual(clicks, []);
  });

  it('the link of an unknown partner gets a 404 page with the wall and records nothing', async () => {
    const { app, clicks } = await buildPublicApp();
    const response = await request(app).get('/nobodyhere1/?ref_id=x').expect(404).expect('content-type', /html/);
    assert.match(response.text, /This link leads nowhere/);
    assert.match(response.text, /First loan/);
    assert.deepEqual(clicks, []);
  });

  it('a visit that cannot be stored gets 503 with Retry-After and no cookie', async () => {
    const { app } = await buildPublicApp({
      clicks: {
        record: () => Promise.reject(new AppError('unavailable', 'the store is away')),
        recordBotVisit: () => Promise.resolve(),
      },
    });
    for (const path of [PARTNER, `${PARTNER}?offer_id=loan`, '/go/loan']) {
      const response = await request(app).get(path).expect(503).expect('content-type', /html/);
      assert.ok(Number(response.headers['retry-after']) > 0);
      assert.equal(cookieOf(response), '');
    }
  });
});

describe('a visit that cannot be stored at the moment', () => {
  const away = () => Promise.reject(new AppError('unavailable', 'the store is away'));
  const build = async () => (await buildPublicApp({ clicks: { record: away, recordBotVisit: away } })).app;

  /** What a browser does next by itself: after how many seconds, and where it goes. */
  function repeatOf(response: request.Response, from: string): { seconds: number; url: string } | undefined {
    const { refresh } = response.headers as Record<string, string | undefined>;
    if (refresh === undefined) return undefined;
    const [, seconds, url = ''] = /^(\d+); url=(.+)$/.exec(refresh) ?? assert.fail(refresh);
    const { origin, pathname, search } = new URL(url, `https://cashcat.example${from}`);
    assert.equal(origin, 'https://cashcat.example');
    return { seconds: Number(seconds), url: pathname + search };
  }

  for (const path of [
    PARTNER,
    `${PARTNER}?ref_id=a%20b&offer_id=loan&sub=x;y=%22z,`,
    '/go/loan',
    '/go/loan?lead=t.1.x',
  ]) {
    it(`is repeated by its page a few times, later and later, and then no more: ${path}`, async () => {
      const app = await build();
      const waits: number[] = [];
      let url = path;
      for (;;) {
        const response = await request(app).get(url).expect(503);
        const repeat = repeatOf(response, url);
        if (!repeat) {
          assert.match(response.text, /open the link again/);
          break;
        }
        assert.match(response.text, /by itself/);
        waits.push(repeat.seconds);
        assert.ok(repeat.url.startsWith(path), 'all that was sent comes again');
        url = repeat.url;
      }
      assert.ok(waits.length >= 3 && waits.length <= 6, `${waits.length} times`);
      assert.ok(waits[0] && waits[0] <= 5, 'first soon');
      assert.ok((waits.at(-1) ?? 0) > waits[0]);
    });
  }

  it('comes again as it came, with nothing that its partner could take for its own', async () => {
    const { app, clicks } = await buildPublicApp();
    const failed = await request(await build()).get(`${PARTNER}?ref_id=r1&offer_id=loan`);
    const response = await request(app)
      .get(repeatOf(failed, PARTNER)?.url ?? '')
      .expect(302);
    assertFields(clicks[0]?.touch, { partnerId: 'abcdefghigk', refId: 'r1', refIdProblem: null });
    assert.equal(response.headers.location, `https://bank.example/apply?click=${clicks[0]?.conversion?.conversionId}`);
  });

  it('is not repeated by all visitors at the same moment', async () => {
    const app = await build();
    const seconds = new Set<number>();
    for (let visit = 0; visit < 100; visit++)
      seconds.add(repeatOf(await request(app).get(PARTNER), PARTNER)?.seconds ?? 0);
    assert.ok(seconds.size > 1, [...seconds].join());
  });

  it('stays on its page when it is repeated, however its path is spelled', async () => {
    const response = await request(await build())
      .get('//abcdefghigk/')
      .expect(503);
    assert.match(response.headers['refresh'] ?? '', /^\d+; url=\?/, 'a path of its own could name another host');
  });

  it('is not confused by a counter that is not ours', async () => {
    const app = await build();
    for (const counter of ['x', '-1', '1e9', '', '99999999999', '%00']) {
      const response = await request(app).get(`${PARTNER}?_again=${counter}&_again=1`).expect(503);
      const url = repeatOf(response, PARTNER)?.url;
      assert.ok(url === undefined || url === `${PARTNER}?_again=1`, url);
    }
  });

  it('is not repeated where it was not a GET, nor where something else went wrong', async () => {
    const app = await build();
    const broken = (
      await buildPublicApp({ clicks: { record: () => Promise.reject(new Error('x')), recordBotVisit: away } })
    ).app;
    for (const answer of [
      request(app).post(PARTNER).expect(405),
      request(app).get(`${PARTNER}?_again=0`).set('sec-purpose', 'prefetch').expect(403),
      request(app).get('/nobodyhere1/').expect(404),
      request(app)
        .get(`${PARTNER}?ref_id=${'x'.repeat(5000)}`)
        .expect(503),
      request(broken).get(PARTNER).expect(500),
    ]) {
      assert.equal((await answer).headers['refresh'], undefined);
    }
  });
});

describe('R2: a lead', () => {
  it('a visitor is known again by the cookie of the first visit', async () => {
    const { app, clicks } = await buildPublicApp();
    const first = await request(app).get(PARTNER);
    await request(app)
      .get('/otherpartner/')
      .set('cookie', `a=b; lead=${tokenOf(first)}; c=d`);
    assert.equal(clicks[1]?.leadId, clicks[0]?.leadId);
  });

  it('of several cookies the first that is valid names the lead', async () => {
    const { app, clicks } = await buildPublicApp();
    const first = await request(app).get(PARTNER);
    const cookies = `lead=planted; lead=${tokenOf(first)}`;
    await request(app).get('/otherpartner/').set('cookie', cookies);
    await request(app).get('/go/loan?lead=planted').set('cookie', cookies);
    assert.equal(new Set(clicks.map(({ leadId }) => leadId)).size, 1);
  });

  it('a visitor gets a cookie that scripts cannot read and that lasts for the window', async () => {
    const { app } = await buildPublicApp();
    const cookie = cookieOf(await request(app).get(PARTNER));
    for (const part of ['HttpOnly', 'SameSite=Lax', 'Secure', 'Path=/', `Max-Age=${WINDOW_MS / 1000}`]) {
      assert.ok(cookie.split('; ').includes(part), `${part} in ${cookie}`);
    }
  });

  it('a visitor over plain http gets a cookie that works there', async () => {
    const { app } = await buildPublicApp({ publicUrl: 'http://localhost:3000' });
    assert.doesNotMatch(cookieOf(await request(app).get(PARTNER)), /Secure/);
  });

  it('each visit renews the cookie', async () => {
    let now = Date.now();
    const { app, clicks } = await buildPublicApp({ now: () => now });
    let token = tokenOf(await request(app).get(PARTNER));
    for (let visit = 0; visit < 3; visit++) {
      now += WINDOW_MS - 1000;
      token = tokenOf(await request(app).get(PARTNER).set('cookie', `lead=${token}`));
    }
    assert.equal(new Set(clicks.map((click) => click.leadId)).size, 1);
  });

  it('after the window a new lead begins', async () => {
    let now = Date.now();
    const { app, clicks } = await buildPublicApp({ now: () => now });
    const token = tokenOf(await request(app).get(PARTNER));
    now += WINDOW_MS + 1000;
    await request(app).get(PARTNER).set('cookie', `lead=${token}`).expect(200);
    assert.notEqual(clicks[1]?.leadId, clicks[0]?.leadId);
  });

  it('a forged cookie begins a new lead', async () => {
    const { app, clicks } = await buildPublicApp();
    const token = tokenOf(await request(app).get(PARTNER));
    const forged = token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
    await request(app).get(PARTNER).set('cookie', `lead=${forged}`).expect(200);
    const leads = clicks.map((click) => click.leadId);
    assert.equal(new Set([...leads, forged.split('.')[0]]).size, 3);
  });

  it('the links of the wall carry the lead, so that it works without cookies', async () => {
    const { app, clicks } = await buildPublicApp();
    const wall = await request(app).get(PARTNER);
    const link = /href="(\/go\/loan\?lead=[^"]+)"/.exec(wall.text)?.[1] ?? '';
    const response = await request(app).get(link).expect(302);
    assert.equal(clicks[1]?.leadId, clicks[0]?.leadId);
    assert.equal(clicks[1]?.touch, null);
    assert.equal(response.headers.location, `https://bank.example/apply?click=${clicks[1]?.conversion?.conversionId}`);
    assert.equal(cookieOf(response), '');
  });

  it('a published link does not take a visitor out of its own lead, nor its cookie away', async () => {
    const { app, clicks, tokens } = await buildPublicApp();
    const published = tokens.link.issue('leadofthelink');
    const own = tokenOf(await request(app).get('/otherpartner/'));
    const response = await request(app).get(`/go/loan?lead=${published}`).set('cookie', `lead=${own}`).expect(302);
    assert.equal(tokenOf(response).split('.')[0], clicks[0]?.leadId);
    const gone = await request(app).get(`/go/gone?lead=${published}`).set('cookie', `lead=${own}`).expect(404);
    assert.ok(!gone.text.includes('leadofthelink'), 'the wall goes on with the lead of the cookie');
    assert.deepEqual(
      clicks.map(({ leadId }) => leadId),
      [clicks[0]?.leadId, clicks[0]?.leadId],
    );
  });

  it('a visitor who came by a published link keeps nothing of it: its next visit begins a lead of its own', async () => {
    const { app, clicks, tokens } = await buildPublicApp();
    const response = await request(app)
      .get(`/go/loan?lead=${tokens.link.issue('leadofthelink')}`)
      .expect(302);
    assert.equal(cookieOf(response), '');
    await request(app).get('/otherpartner/').expect(200);
    assert.equal(clicks[0]?.leadId, 'leadofthelink');
    assert.notEqual(clicks[1]?.leadId, 'leadofthelink');
  });

  it('the token of a link that is planted as a cookie is none, and that of a cookie in a link neither', async () => {
    const { app, clicks, tokens } = await buildPublicApp();
    const [link, cookie] = [tokens.link.issue('leadofthelink'), tokens.cookie.issue('leadofthecookie')];
    await request(app).get('/otherpartner/').set('cookie', `lead=${link}`).expect(200);
    await request(app).get('/go/loan').set('cookie', `lead=${link}`).expect(302);
    await request(app).get(`/go/loan?lead=${cookie}`).expect(302);
    for (const { leadId } of clicks) assert.ok(!['leadofthelink', 'leadofthecookie'].includes(leadId), leadId);
  });

  it('a link of the wall is good for a day; after it a new lead begins, with a cookie of its own', async () => {
    let now = Date.now();
    const { app, clicks, tokens } = await buildPublicApp({ now: () => now });
    const link = `/go/loan?lead=${tokens.link.issue('leadofthelink')}`;
    now += DAY_MS - 2000;
    await request(app).get(link).expect(302);
    const page = await request(app).get(link.replace('loan', 'gone')).expect(404);
    now += 2000;
    const response = await request(app).get(link).expect(302);
    assert.equal(clicks[0]?.leadId, 'leadofthelink');
    assert.notEqual(clicks[1]?.leadId, 'leadofthelink');
    assert.equal(tokenOf(response).split('.')[0], clicks[1]?.leadId);
    // A page that passed the token on has not made it younger.
    assert.ok(page.text.includes(link));
  });

  it('a conversion of a visitor whom nobody knows begins a lead of the house', async () => {
    const { app, clicks } = await buildPublicApp();
    const response = await request(app).get('/go/loan').expect(302);
    assert.equal(clicks[0]?.touch, null);
    assert.notEqual(cookieOf(response), '');
  });

  it('the page that says an offer has ended keeps the token of the lead in its links', async () => {
    const { app, clicks, tokens } = await buildPublicApp();
    const token = tokens.link.issue('leadofthelink');
    const response = await request(app).get(`/go/gone?lead=${token}`).expect(404);
    assert.ok(response.text.includes(`/go/loan?lead=${token}`));
    assert.deepEqual(clicks, []);
  });

  it('a token that is only nearly a lead brings nothing into a page', async () => {
    const { app, tokens } = await buildPublicApp();
    const token = `${tokens.link.issue('leadofthelink')}"><script>`;
    const response = await request(app).get('/go/gone').query({ lead: token }).expect(404);
    assert.doesNotMatch(response.text, /<script>/);
  });
});

describe('R4: the house', () => {
  it('shows its wall to its own visitors and records nothing', async () => {
    const { app, clicks } = await buildPublicApp();
    const response = await request(app).get('/').expect(200);
    assert.match(response.text, /href="\/go\/loan"/);
    assert.equal(cookieOf(response), '');
    assert.deepEqual(clicks, []);
  });

  it('shows a friendly page when there is no offer', async () => {
    const { app } = await buildPublicApp({ offers: [] });
    const response = await request(app).get('/').expect(200);
    assert.match(response.text, /No offers right now/);
  });
});

describe('R5: a ref_id', () => {
  const visit = async (query: string) => {
    const { app, clicks } = await buildPublicApp();
    await request(app).get(`${PARTNER}?${query}`).expect(200);
    return clicks[0]?.touch;
  };

  it('a ref_id of 32 characters is kept as it is', async () => {
    assert.equal((await visit(`ref_id=${'x'.repeat(32)}`))?.refId, 'x'.repeat(32));
  });

  it('the length of a ref_id is counted in characters, not in bytes', async () => {
    assert.equal((await visit(`ref_id=${encodeURIComponent('😀'.repeat(32))}`))?.refId, '😀'.repeat(32));
  });

  it('a ref_id over 32 characters never turns the visitor away and is never truncated', async () => {
    const touch = await visit(`ref_id=${'x'.repeat(33)}`);
    assertFields(touch, { refId: null, refIdProblem: 'too_long' });
    assert.equal(touch?.refIdSample, 'x'.repeat(33));
  });

  it('a ref_id with control characters is noted with a sample that can be shown and stored', async () => {
    const touch = await visit(`ref_id=a%00b%0d%0ac`);
    assertFields(touch, { refId: null, refIdProblem: 'control_characters' });
    assert.equal(touch?.refIdSample, 'a\ufffdb\ufffd\ufffdc');
  });

  it('a ref_id of any length is noted with its first 64 characters', async () => {
    const touch = await visit(`ref_id=${encodeURIComponent('ü'.repeat(1000))}`);
    assert.equal(touch?.refIdSample, 'ü'.repeat(64));
  });

  it('a ref_id that comes twice counts as it came first', async () => {
    assert.equal((await visit('ref_id=first&ref_id=second'))?.refId, 'first');
  });

  it('an empty ref_id is none', async () => {
    const touch = await visit('ref_id=');
    assertFields(touch, { refId: null, refIdProblem: null });
  });

  it('a ref_id keeps a percent sign that encodes nothing', async () => {
    assert.equal((await visit('ref_id=50%'))?.refId, '50%');
  });
});

describe('the offer wall', () => {
  it('escapes what offers and advertisers are called', async () => {
    const { app } = await buildPublicApp({
      offers: [makeOffer({ name: '<script>n</script>', description: '"><img src=x>', advertiserName: "a'<b>" })],
    });
    const { text } = await request(app).get(`${PARTNER}?ref_id=%3Cscript%3Er`);
    assert.doesNotMatch(text, /<script|<img src=x|<b>/);
    assert.match(text, /&lt;script&gt;n&lt;\/script&gt;/);
  });

  it('is sent with headers that let nothing foreign run, load or frame it', async () => {
    const { app } = await buildPublicApp();
    for (const path of [PARTNER, '/', '/nobodyhere1/', '/docs', '/nothing/here']) {
      const { headers } = await request(app).get(path);
      assert.match(headers['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/, path);
      assert.doesNotMatch(headers['content-security-policy'] ?? '', /unsafe|\*/, path);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      assert.equal(headers['referrer-policy'], 'strict-origin', path);
      assert.match(headers['strict-transport-security'] ?? '', /max-age/, path);
    }
  });

  it('brings its style along, to be kept for ever under a name of its own', async () => {
    const { app } = await buildPublicApp();
    const { text } = await request(app).get(PARTNER);
    const path = /<link rel="stylesheet" href="([^"]+)">/.exec(text)?.[1] ?? '';
    const response = await request(app)
      .get(path)
      .expect(200)
      .expect('content-type', /text\/css/);
    assert.match(response.headers['cache-control'] ?? '', /immutable/);
    assert.equal(response.headers['content-encoding'], 'gzip');
    assert.match(response.text, /\.offers/);
  });
});

describe('the public listener', () => {
  it('answers what it does not know with a page for people and a problem for programs', async () => {
    const { app } = await buildPublicApp();
    await request(app).get('/no/such/page').expect(404).expect('content-type', /html/);
    const api = await request(app)
      .get('/v1/nothing')
      .expect(404)
      .expect('content-type', /problem\+json/);
    assert.equal((api.body as { kind: string }).kind, 'unknown');
  });

  it('refuses other methods', async () => {
    const { app, clicks } = await buildPublicApp();
    for (const path of [PARTNER, '/go/loan', '/', '/docs', '/healthz']) {
      const response = await request(app).post(path).send('x=1').expect(405);
      assert.match(response.headers.allow ?? '', /GET/);
    }
    assert.deepEqual(clicks, []);
  });

  it('says that it is alive, and whether it can commit', async () => {
    const reason = new Error('no database');
    const { app, warned } = await buildPublicApp({ checkReady: () => Promise.reject(reason) });
    await request(app).get('/healthz').expect(200);
    await request(app).get('/readyz').expect(503);
    assert.deepEqual(warned, [{ err: reason }]);
    await request((await buildPublicApp()).app)
      .get('/readyz')
      .expect(200);
  });

  it('describes itself for programs and for people', async () => {
    const { app } = await buildPublicApp();
    const { body } = (await request(app).get('/openapi.json').expect(200)) as {
      body: { openapi: string; paths: object };
    };
    assert.equal(body.openapi, '3.1.0');
    const paths = Object.keys(body.paths);
    assert.ok(paths.includes('/{partner_id}/') && paths.includes('/advertisers/{advertiser_id}/postback'));
    const page = await request(app).get('/docs').expect(200);
    for (const word of ['ref_id', 'conversion_id', 'window_closed', '{payout}'])
      assert.ok(page.text.includes(word), word);
    assert.doesNotMatch(page.text, /<script/);
  });

  it('tells an unexpected error by an id only, and logs it once', async () => {
    const { app, logged } = await buildPublicApp({
      clicks: {
        record: () => Promise.reject(new Error('the secret of the house')),
        recordBotVisit: () => Promise.resolve(),
      },
    });
    const response = await request(app).get(PARTNER).expect(500);
    assert.doesNotMatch(response.text, /secret/);
    const [entry] = logged as { errorId: string }[];
    assert.equal(logged.length, 1);
    assert.ok(response.text.includes(entry?.errorId ?? 'no id'));
  });
});

describe('what a click looked like', () => {
  it('is noted of touches and conversions by people, with where it was embedded', async () => {
    const { app, visits, clicks } = await buildPublicApp();
    const visitor = { 'user-agent': PHONE, 'sec-fetch-dest': 'iframe' };
    await request(app).get(PARTNER).set(visitor).expect(200);
    await request(app).get(`${PARTNER}?offer_id=loan`).set('user-agent', PHONE).expect(302);
    const [touch, direct] = clicks;
    const common = { partnerId: 'abcdefghigk', byLink: false, userAgent: PHONE };
    assert.deepEqual(
      visits.map(({ address, ...visit }) => ({ ...visit, isKnown: address !== undefined })),
      [
        { ...common, leadId: touch?.leadId, conversionId: null, destination: 'iframe', isKnown: true },
        {
          ...{ ...common, leadId: direct?.leadId, conversionId: direct?.conversion?.conversionId },
          ...{ destination: undefined, isKnown: true },
        },
      ],
    );
  });

  it("says whether the lead came by a wall's link or by the visitor's own cookie", async () => {
    const { app, visits, tokens } = await buildPublicApp();
    const leadId = newLeadId();
    await request(app)
      .get(`/go/loan?lead=${tokens.link.issue(leadId)}`)
      .expect(302);
    const cookie = `lead=${tokens.cookie.issue(leadId)}`;
    await request(app)
      .get(`/go/loan?lead=${tokens.link.issue(leadId)}`)
      .set('cookie', cookie)
      .expect(302);
    assert.deepEqual(
      visits.map((visit) => [visit.leadId, visit.byLink]),
      [
        [leadId, true],
        [leadId, false],
      ],
    );
  });

  it('is not noted of bots, prefetches and HEAD', async () => {
    const { app, visits } = await buildPublicApp();
    await request(app).head(PARTNER);
    await request(app).get(PARTNER).set('user-agent', 'Googlebot/2.1');
    await request(app).get(PARTNER).set('sec-purpose', 'prefetch');
    assert.deepEqual(visits, []);
  });

  it('reaches the database only as hashes in a table of its own, from which nothing goes to Temporal', async () => {
    const network = await createNetwork(await createTestDatabase());
    const { db, pool, clicks } = network;
    const logged: unknown[] = [];
    const traces = createVisitTraces({
      write: (visits) => writeVisitTraces(pool, visits),
      secret: 'a secret of sixteen',
      log: { debug: (...given: unknown[]) => void logged.push(given) } as VisitTraceDeps['log'],
    });
    const { app } = await buildPublicApp({ clicks, traces, trustProxy: 1 });
    const headers = { 'user-agent': 'A phone like no other', 'x-forwarded-for': '198.51.100.77' };
    await request(app).get(`${PARTNER}?ref_id=1&offer_id=loan`).set(headers).expect(302);
    await traces.stop();
    const { rows } = await db.raw<{ rows: { name: string }[] }>(
      `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
    );
    const [trace] = await db('visit_traces').select<{ address_hash: Buffer; agent_hash: Buffer }[]>();
    assert.ok(trace);
    const hashes = [trace.address_hash, trace.agent_hash].map((hash) => hash.toString('hex'));
    for (const { name } of rows) {
      const text = (
        await db.raw<{ rows: { text: string | null }[] }>('select string_agg(t::text, chr(10)) as text from ?? t', [
          name,
        ])
      ).rows[0]?.text;
      assert.doesNotMatch(text ?? '', /198\.51\.100|phone like no other/, name);
      assert.equal(
        hashes.some((hash) => text?.includes(hash)),
        name === 'visit_traces',
        name,
      );
    }
    assert.deepEqual(logged, []);
    await network.close();
  });
});
