import assert from 'node:assert/strict';
import { startReceiver, type Receiver } from '../../../src/dev/demo/receiver.ts';

describe("the demo partner's receiver", () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await startReceiver({ port: 0 });
  });
  afterEach(() => receiver.stop());

  it('answers 200 to every postback and keeps it, newest first', async () => {
    const first = await fetch(`${receiver.url}/postback?status=pending&ref_id=a%20b`);
    const second = await fetch(`${receiver.url}/postback/x`, { method: 'POST', body: 'status=approved' });
    assert.deepEqual({ first: first.status, second: second.status }, { first: 200, second: 200 });
    const received = (await (await fetch(`${receiver.url}/received.json`)).json()) as Record<string, string>[];
    assert.deepEqual(
      received.map(({ method, path, body }) => ({ method, path, body })),
      [
        { method: 'POST', path: '/postback/x', body: 'status=approved' },
        { method: 'GET', path: '/postback?status=pending&ref_id=a%20b', body: '' },
      ],
    );
    assert.ok(received.every(({ time }) => new Date(time ?? '').toISOString() === time));
  });

  it('escapes what it shows', async () => {
    await fetch(`${receiver.url}/postback`, { method: 'POST', body: `<script>alert("1")</script>&'` });
    const page = await (await fetch(receiver.url)).text();
    assert.ok(!page.includes('<script>'));
    assert.ok(page.includes('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;'));
  });

  it('keeps the last 200', async () => {
    for (let number = 1; number <= 205; number++) await fetch(`${receiver.url}/postback?number=${number}`);
    const received = (await (await fetch(`${receiver.url}/received.json`)).json()) as { path: string }[];
    assert.equal(received.length, 200);
    assert.equal(received[0]?.path, '/postback?number=205');
  });

  it("is also the advertiser's page, which names the conversion it was opened for", async () => {
    const page = await fetch(`${receiver.url}/landing?conversion_id=c1`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    assert.match(await page.text(), /This is the advertiser's page; your conversion id is <code>c1<\/code>\./);
    const without = await (await fetch(`${receiver.url}/landing`)).text();
    assert.match(without, /opened without a conversion id/);
  });

  it("escapes the conversion on the advertiser's page", async () => {
    const page = await (await fetch(`${receiver.url}/landing?conversion_id=%3Cscript%3E%22x%22%3C/script%3E`)).text();
    assert.ok(!page.includes('<script>'));
    assert.ok(page.includes('&lt;script&gt;&quot;x&quot;&lt;/script&gt;'));
  });

  it('answers as it is told to, and says so', async () => {
    const tell = (answer: string) =>
      fetch(`${receiver.url}/behaviour`, { method: 'POST', body: new URLSearchParams({ answer }) });
    const answers: [string, number, string][] = [
      ['error', 500, 'Internal Server Error'],
      ['empty', 204, ''],
      ['refusal', 200, 'success=false'],
      ['ok', 200, 'OK'],
    ];
    for (const [word, status, body] of answers) {
      assert.match(await (await tell(word)).text(), new RegExp(`value="${word}" aria-pressed="true"`));
      const answer = await fetch(`${receiver.url}/postback?status=approved`);
      assert.deepEqual([answer.status, await answer.text()], [status, body]);
    }
    assert.match(await (await fetch(receiver.url)).text(), /Answered: 200 with success=false/);
    assert.equal((await tell('elsewhat')).status, 400);
  });

  it('can hang', async () => {
    await fetch(`${receiver.url}/behaviour`, { method: 'POST', body: new URLSearchParams({ answer: 'hang' }) });
    const signal = AbortSignal.timeout(100);
    await assert.rejects(fetch(`${receiver.url}/postback?status=approved`, { signal }), { name: 'TimeoutError' });
    const received = (await (await fetch(`${receiver.url}/received.json`)).json()) as { answered: string }[];
    assert.deepEqual(
      received.map(({ answered }) => answered),
      ['hang'],
    );
  });

  it('is not told by pages elsewhere', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const body = new URLSearchParams({ answer: 'error' });
    assert.equal((await fetch(`${receiver.url}/behaviour`, { method: 'POST', headers, body })).status, 403);
  });

  it('shows the headers of what arrived', async () => {
    await fetch(`${receiver.url}/postback?status=approved`, { headers: { 'x-signature': 'v1,abc<' } });
    assert.match(await (await fetch(receiver.url)).text(), /x-signature: v1,abc&lt;/);
  });

  it('loads nothing that its own policy forbids', async () => {
    const answer = await fetch(receiver.url);
    assert.match(answer.headers.get('content-security-policy') ?? '', /style-src 'self'/);
    const html = await answer.text();
    const [, stylesheet = ''] = /<link rel="stylesheet" href="([^"]+)"/.exec(html) ?? [];
    assert.equal((await fetch(receiver.url + stylesheet)).status, 200);
    assert.doesNotMatch(html, / style="|<script|<style/);
  });

  it('says 404 to anything else', async () => {
    assert.equal((await fetch(`${receiver.url}/elsewhere`)).status, 404);
    assert.equal((await fetch(receiver.url, { method: 'POST' })).status, 405);
  });
});
