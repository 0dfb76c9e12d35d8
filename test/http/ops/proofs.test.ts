import assert from 'node:assert/strict';
import { readAdvertiser } from '../../../src/db/advertisers.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { useOpsConsole } from './ops-stage.ts';
import { openedWith } from './vocabulary-opened.ts';

describe('how an advertiser is connected in the ops console', () => {
  const ops = useOpsConsole();
  let anna: ConsoleVisitor;
  let at: string;

  before(async () => {
    anna = await ops.site.signedIn();
    at = `/ops/advertisers/${ops.network.advertiserId}`;
  });

  const secretIn = (text: string) => /<pre id="new-key">([^<]+)<\/pre>/.exec(text)?.[1] ?? '';
  const proofs = async () => (await readAdvertiser(ops.network.db, ops.network.advertiserId))?.proofs;

  it('a new one is shown with its token, a call to hand on, and what comes next', async () => {
    await anna.get('/ops/advertisers/new');
    const { text, status } = await anna.post('/ops/advertisers', { name: 'North', advertiser_id: 'north' });
    assert.equal(status, 201);
    const call = `https://cashcat.example/advertisers/north/postback?conversion_id=CONVERSION_ID&amp;status=approved&amp;token=${secretIn(text)}`;
    assert.ok(text.includes(call), text);
    for (const next of ['vocabulary', 'proofs']) assert.match(text, new RegExp(`/ops/advertisers/north/${next}"`));
    assert.match(text, /\/ops\/offers\/new\?advertiser_id=north"/);
  });

  it('its page tells how it speaks, with a call in its own words and names and without its token', async () => {
    await anna.get('/ops/advertisers/north/vocabulary');
    const words = {
      opened: openedWith(),
      word: 'Sale',
      meaning: 'approved',
      parameter_conversion_id: 'click_id',
      parameter_status: 'state',
    };
    await anna.post('/ops/advertisers/north/vocabulary', words);
    const { text } = await anna.get('/ops/advertisers/north');
    assert.match(text, /\/advertisers\/north\/postback\?click_id=CONVERSION_ID&amp;state=sale&amp;token=TOKEN/);
    assert.match(text, /<code>sale<\/code> means approved/);
    assert.match(text, /<code>click_id<\/code> is the conversion_id/);
  });

  it('a signature is asked for only when there is a secret, which is shown once', async () => {
    await anna.get(`${at}/proofs`);
    const refused = await anna.post(`${at}/proofs`, { token: 'yes', signature: 'yes', addresses: '' });
    assert.equal(refused.status, 422);
    assert.match(refused.text, /Make a signing secret first/);
    assert.match(refused.text, /name="signature" value="yes" checked/);
    await anna.get(`${at}/signing-secret`);
    const made = await anna.post(`${at}/signing-secret`, { replaces: '' });
    assert.match(secretIn(made.text), /^whsec_/);
    const again = await anna.post(`${at}/signing-secret`, { replaces: '' });
    assert.equal(again.status, 409);
    assert.match((await anna.get(`${at}/proofs`)).text, /begins with <code>whsec_/);
    const saved = await anna.post(`${at}/proofs`, {
      signature: 'yes',
      addresses: '192.0.2.0/24\r\n 2001:db8::/48\r\n',
    });
    assert.equal(saved.status, 303);
    assert.deepEqual(await proofs(), { token: false, signature: true, addresses: ['192.0.2.0/24', '2001:db8::/48'] });
    const { text } = await anna.get(at);
    assert.match(text, /a signature, its addresses: 192\.0\.2\.0\/24, 2001:db8::\/48/);
    assert.ok(!text.includes('token=TOKEN'));
  });

  it('what would let anybody in, or is no network, is refused beside its field', async () => {
    await anna.get(`${at}/proofs`);
    const open = await anna.post(`${at}/proofs`, { addresses: '' });
    assert.match(open.text, /id="proofs-error" role="alert">[^<]*otherwise anybody could report/);
    const wrong = await anna.post(`${at}/proofs`, { token: 'yes', addresses: '192.0.2.0/24\n<b>' });
    assert.match(wrong.text, /id="addresses-error">&quot;&lt;b&gt;&quot; is not a CIDR/);
    assert.match(wrong.text, /192\.0\.2\.0\/24\n&lt;b&gt;<\/textarea>/);
  });

  it('an old token may go on for a while beside the new one', async () => {
    const { text } = await anna.get(`${at}/token`);
    const replaces = /name="replaces" value="([^"]+)"/.exec(text)?.[1] ?? '';
    await anna.post(`${at}/token`, { replaces, keep_old_for_seconds: '3600' });
    assert.match((await anna.get(at)).text, /the one before it goes on until/);
  });

  it('whoever may only look sees it, and changes nothing', async () => {
    const reader = await ops.site.signedInAs('read');
    assert.match((await reader.get(`${at}/proofs`)).text, /Your key may only look/);
    for (const path of ['proofs', 'signing-secret']) assert.equal((await reader.post(`${at}/${path}`)).status, 403);
  });
});
