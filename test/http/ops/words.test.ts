import assert from 'node:assert/strict';
import { mapWord, readVocabulary } from '../../../src/db/advertisers.ts';
import { countRefusedCalls } from '../../../src/db/refused-calls.ts';
import type { Meaning } from '../../../src/domain/vocabulary.ts';
import { countLocked } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import type { ConsoleVisitor } from '../browser-without-scripts.ts';
import { useOpsConsole } from './ops-stage.ts';
import { openedWith } from './vocabulary-opened.ts';

const EVIL = '<script>alert(1)</script>';

describe('pages of what advertisers say', () => {
  const ops = useOpsConsole();
  let admin: ConsoleVisitor;
  let reader: ConsoleVisitor;

  before(async () => {
    admin = await ops.site.signedIn();
    reader = await ops.site.signedIn(await ops.site.makeKey('read', 'ruth'));
  });

  const aLead = async () => await ops.network.aLead(await ops.network.partner());
  const refuse = async (conversionId: string, word: string) => {
    await assert.rejects(ops.network.report(conversionId, word), { kind: 'unknown_status' });
  };
  const statusOf = async (conversionId: string) =>
    (await ops.network.db('conversions').where({ conversion_id: conversionId }).first<{ status: string | null }>())
      .status;
  const callOf = async (conversionId: string) =>
    (await ops.network.db('status_calls').where({ conversion_id: conversionId }).first<{ call_id: number }>()).call_id;

  const mapTo = async (meaning: Meaning, word: string, db = ops.network.db) =>
    await mapWord(db, { advertiserId: ops.network.advertiserId, word, meaning });
  const meantNow = async () => (await readVocabulary(ops.network.db, ops.network.advertiserId)).words;

  /** The row of a word that has a meaning, as the editor shows it. */
  async function knownRow(editor: string, word: string): Promise<Record<string, string>> {
    const { text } = await admin.get(editor);
    assert.ok(text.includes(`name="word" value="${word}"`), word);
    return { opened: openedWith({ words: { [word]: 'approved' } }), word, meaning: 'approved' };
  }

  /** The row of a word that waits, as the editor shows it. */
  async function waitingRow(editor: string, word: string): Promise<Record<string, string>> {
    const { text } = await admin.get(editor);
    assert.ok(text.includes(`name="word" value="${word}"`), word);
    return { opened: openedWith({ waiting: { [word]: '' } }), word, meaning: '' };
  }

  it('an unknown word is mapped from the inbox, which first says how many calls that applies', async () => {
    const [known, late] = [await aLead(), await aLead()];
    await ops.network.db('leads').where({ lead_id: late.leadId }).update({ last_activity_at: '2026-01-01T00:00:00Z' });
    await refuse(known.conversionId, 'Sale');
    await refuse(late.conversionId, 'sale');
    await refuse('none', 'sale');
    const inbox = await admin.get('/ops/inbox');
    assert.match(inbox.text, /<code>sale<\/code>/);
    const query = `advertiser_id=${ops.network.advertiserId}&word=sale`;
    const { text } = await admin.get(`/ops/inbox/map?${query}`);
    assert.match(text, /has sent it in 3 calls that are kept/);
    assert.match(text, /<strong>1<\/strong> of them is applied/);
    assert.match(text, /<strong>1<\/strong> came after the window/);
    assert.match(text, /<strong>1<\/strong> names no conversion/);
    assert.match(text, /7 mean <strong>approved<\/strong> by it/);
    const form = { advertiser_id: ops.network.advertiserId, word: 'sale' };
    assert.equal((await admin.post('/ops/inbox/map', { ...form, status: '' })).status, 400);
    assert.equal((await admin.post('/ops/inbox/map', { ...form, status: 'approved' })).status, 303);
    const done = await admin.get('/ops/inbox');
    assert.match(done.text, /means approved now. 1 of 3 kept calls were recorded/);
    assert.equal(await statusOf(known.conversionId), 'approved');
    assert.equal(await statusOf(late.conversionId), null);
  });

  it('a refused call is found, explained and judged again', async () => {
    const { conversionId } = await aLead();
    await refuse(conversionId, 'verkauft');
    const list = await admin.get(`/ops/inbound?conversion_id=${conversionId}`);
    const callId = await callOf(conversionId);
    assert.ok(list.text.includes(`href="/ops/inbound/${callId}"`));
    const page = await admin.get(`/ops/inbound/${callId}`);
    assert.match(page.text, /is no word that we know of this advertiser/);
    assert.match(page.text, /Say what the word means/);
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    assert.match((await admin.get(editor)).text, /value="verkauft"/);
    await admin.post(editor, {
      opened: openedWith(),
      word: 'verkauft',
      meaning: 'rejected',
      default_status: '',
      parameter_status: 'state',
    });
    assert.equal(await statusOf(conversionId), 'rejected');
    const answer = await admin.post(`/ops/inbound/${callId}/rejudge`, {});
    assert.equal(answer.status, 409);
    assert.match(answer.text, /there is nothing about it to repair/);
    const opened = openedWith({ parameters: { status: 'state' } });
    await admin.post(editor, { opened, word: 'sale', meaning: 'approved', default_status: '' });
  });

  it('calls without a proof are counted above the log, with what they look like', async () => {
    const refused = {
      advertiserId: ops.network.advertiserId,
      reason: 'token',
      calls: 7,
      sample: `{"a":"${EVIL}"}`,
    } as const;
    await countRefusedCalls(ops.network.db, [refused]);
    assert.match((await admin.get('/ops/inbound')).text, /7 calls in the name of/);
    const { text } = await admin.get(`/ops/inbound?advertiser_id=${ops.network.advertiserId}`);
    assert.match(text, /<strong>7<\/strong> calls, with a wrong token/);
    assert.ok(text.includes('&lt;script&gt;') && !text.includes(EVIL));
    const all = (await admin.get('/ops/inbound?result=bad_token')).text;
    assert.match(all, /<strong>7<\/strong> calls, with a wrong token, or none, in the name of/);
    assert.ok(!all.includes('Nothing fits') && !all.includes('Status calls</'));
    const before = (await admin.get('/ops/inbound?result=bad_token&to=2026-01-01')).text;
    assert.ok(before.includes('Nothing fits') && !before.includes('<strong>7</strong>'));
  });

  it('a late status is accepted from its page', async () => {
    const { leadId, conversionId } = await aLead();
    await ops.network.db('leads').where({ lead_id: leadId }).update({ last_activity_at: '2026-01-01T00:00:00Z' });
    await assert.rejects(ops.network.report(conversionId, 'approved'), { kind: 'window_closed' });
    const callId = await callOf(conversionId);
    assert.ok((await admin.get('/ops/late')).text.includes(`/ops/inbound/${callId}`));
    assert.match((await admin.get(`/ops/inbound/${callId}`)).text, /Accept it late/);
    assert.equal((await admin.post(`/ops/inbound/${callId}/accept`, {})).status, 303);
    assert.equal(await statusOf(conversionId), 'approved');
    assert.match((await admin.get(`/ops/inbound/${callId}`)).text, /ops accepted it/);
  });

  it('a vocabulary that cannot be saved stands there as it was typed, with what is wrong', async () => {
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    const typed = {
      opened: openedWith(),
      word: `${EVIL}`,
      meaning: 'approved',
      default_status: '',
      parameter_reason: 'status',
    };
    const { status, text } = await admin.post(editor, typed);
    assert.equal(status, 400);
    assert.match(text, /It was not saved/);
    assert.match(text, /is needed, as &quot;status&quot; is the parameter of reason/);
    assert.ok(text.includes('&lt;script&gt;') && !text.includes(EVIL));
  });

  it('a word that is typed without a meaning is asked about, and one that waits for its meaning may go on waiting', async () => {
    const { conversionId } = await aLead();
    await refuse(conversionId, 'vielleicht');
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    const typed = await admin.post(editor, { opened: openedWith(), word: 'Teils', meaning: '', default_status: '' });
    assert.equal(typed.status, 400);
    assert.match(typed.text, /Teils has no meaning yet: choose one/);
    assert.match(typed.text, /value="Teils"/);
    const row = await waitingRow(editor, 'vielleicht');
    assert.equal((await admin.post(editor, { ...row, default_status: '' })).status, 303);
    const other = await admin.post(editor, { ...row, word: 'Teils', default_status: '' });
    assert.match(other.text, /Teils has no meaning yet: choose one/);
  });

  it('words that wait may go on waiting when others have come before them, or somebody has said what they mean', async () => {
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    const { conversionId } = await aLead();
    const words = Array.from({ length: 20 }, (_, nth) => `a-${String(nth + 1).padStart(2, '0')}`);
    for (const word of words) await refuse(conversionId, word);
    const [mapped, last] = [await waitingRow(editor, 'a-01'), await waitingRow(editor, 'a-20')];
    await refuse(conversionId, 'a-00');
    assert.equal((await admin.post(editor, { ...last, default_status: '' })).status, 303);
    await mapTo('ignore', 'a-01');
    assert.equal((await admin.post(editor, { ...mapped, default_status: '' })).status, 303);
    assert.equal((await meantNow())['a-01'], 'ignore');
  });

  it('words that are mapped while the editor is open keep their meaning, and of its own those go that are emptied', async () => {
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    await mapTo('approved', 'old');
    const row = await knownRow(editor, 'old');
    await mapTo('rejected', 'new');
    assert.equal((await admin.post(editor, { ...row, default_status: '' })).status, 303);
    const saved = await meantNow();
    assert.deepEqual([saved.old, saved.new], ['approved', 'rejected']);
    assert.equal((await admin.post(editor, { ...row, word: 'older', default_status: '' })).status, 303);
    const renamed = await meantNow();
    assert.deepEqual([renamed.old, renamed.older, renamed.new], [undefined, 'approved', 'rejected']);
    const emptied = { ...(await knownRow(editor, 'older')), word: '' };
    assert.equal((await admin.post(editor, { ...emptied, default_status: '' })).status, 303);
    const left = await meantNow();
    assert.deepEqual([left.older, left.new], [undefined, 'rejected']);
  });

  it('what is typed holds for a word that is mapped otherwise while the editor is open', async () => {
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    await admin.get(editor);
    await mapTo('rejected', 'both');
    const typed = { opened: openedWith(), word: 'Both', meaning: 'approved', default_status: '' };
    assert.equal((await admin.post(editor, typed)).status, 303);
    assert.equal((await meantNow()).both, 'approved');
  });

  it('a word that is emptied goes also when the form had to be mended first', async () => {
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    await mapTo('approved', 'gone');
    const emptied = { ...(await knownRow(editor, 'gone')), word: '' };
    const refused = await admin.post(editor, { ...emptied, default_status: '', parameter_reason: 'status' });
    assert.equal(refused.status, 400);
    assert.ok(refused.text.includes('value="{&quot;words&quot;:[[&quot;gone&quot;,&quot;approved&quot;]]'));
    assert.equal((await meantNow()).gone, 'approved');
  });

  it('a word that is mapped while the editor is being saved keeps its meaning', async () => {
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    await admin.get(editor);
    const saving = await ops.network.db.transaction(async (trx) => {
      await mapTo('rejected', 'at once', trx);
      const answer = admin.post(editor, {
        opened: openedWith(),
        word: 'typed',
        meaning: 'approved',
        default_status: '',
      });
      await eventually(async () => assert.equal(await countLocked(ops.network.db), 1));
      return { answer };
    });
    assert.equal((await saving.answer).status, 303);
    const saved = await meantNow();
    assert.deepEqual([saved['at once'], saved.typed], ['rejected', 'approved']);
  });

  it('a word that waits and has a line break does not keep the others from being saved', async () => {
    const editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
    const { conversionId } = await aLead();
    await refuse(conversionId, '0\nb');
    // A browser leaves the line break out of what can be typed.
    const row = await waitingRow(editor, '0b');
    assert.equal((await admin.post(editor, { ...row, default_status: '' })).status, 303);
  });

  it('a status is given by hand, with a reason', async () => {
    const { conversionId } = await aLead();
    const page = `/ops/conversions/${conversionId}/status`;
    assert.match((await admin.get(page)).text, /has no status yet/);
    const refused = await admin.post(page, { status: '', reason: ' ', comment: '' });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /choose one/);
    const given = { status: 'approved', reason: 'confirmed by mail', comment: 'ticket 17' };
    assert.equal((await admin.post(page, given)).status, 303);
    assert.equal(await statusOf(conversionId), 'approved');
    const story = await admin.get(`/ops/conversions/${conversionId}`);
    assert.match(story.text, /given by ops/);
    assert.ok(story.text.includes(`href="${page}"`));
    assert.ok(!(await reader.get(`/ops/conversions/${conversionId}`)).text.includes(`href="${page}"`));
    assert.equal((await admin.get('/ops/conversions/none/status')).status, 404);
  });

  it('silence is shown by advertiser, and what to remind of comes as a file', async () => {
    assert.match((await admin.get('/ops/silence')).text, /13\+ days/);
    assert.match((await admin.get('/ops/silence/reminders?within_hours=168')).text, /As a file/);
    const file = await admin.get('/ops/silence/reminders.csv?within_hours=168');
    assert.match(file.text, /^"conversion_id","advertiser_id"/);
  });

  it('hostile calls are text, and a reader can look and change nothing', async () => {
    const raw = { method: 'GET', query: { [EVIL]: EVIL }, body: null };
    const row = {
      advertiser_id: ops.network.advertiserId,
      conversion_id: EVIL,
      word: EVIL,
      raw,
      result: 'unknown_word',
    };
    const [made] = await ops.network.db('status_calls').insert(row).returning<{ call_id: number }[]>('call_id');
    const evil = encodeURIComponent(EVIL);
    const pages = [
      '/ops/inbound',
      `/ops/inbound?conversion_id=${evil}&result=${evil}&from=${evil}`,
      `/ops/inbound/${made?.call_id}`,
      '/ops/inbox',
      '/ops/late',
      '/ops/silence',
      `/ops/silence/reminders?advertiser_id=${evil}&within_hours=x`,
      `/ops/advertisers/${ops.network.advertiserId}/vocabulary`,
    ];
    for (const page of pages) {
      for (const visitor of [admin, reader]) {
        const { status, text } = await visitor.get(page);
        assert.equal(status, 200, page);
        assert.ok(!text.includes(EVIL), page);
      }
    }
    const map = `/ops/inbox/map?advertiser_id=${ops.network.advertiserId}&word=${evil}`;
    assert.ok(!(await admin.get(map)).text.includes(EVIL));
    for (const page of [map, '/ops/conversions/x/status']) assert.equal((await reader.get(page)).status, 403, page);
    for (const [page, form] of [
      ['/ops/inbox/map', { advertiser_id: ops.network.advertiserId, word: EVIL, status: 'approved' }],
      [`/ops/inbound/${made?.call_id}/rejudge`, {}],
      [`/ops/inbound/${made?.call_id}/accept`, {}],
      [`/ops/advertisers/${ops.network.advertiserId}/vocabulary`, {}],
      ['/ops/conversions/x/status', { status: 'approved', reason: 'x' }],
    ] as const) {
      assert.equal((await reader.post(page, form)).status, 403, page);
    }
    for (const page of [
      '/ops/inbound/x',
      '/ops/inbound/99999999',
      '/ops/advertisers/none/vocabulary',
      '/ops/inbox/map',
    ]) {
      assert.equal((await admin.get(page)).status, 404, page);
    }
  });
});
