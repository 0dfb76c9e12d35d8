import assert from 'node:assert/strict';
import { mapWord, readVocabulary, updateAdvertiser } from '../../../src/db/advertisers.ts';
import { MAX_WORDS, PLAIN_VOCABULARY, type Meaning, type Vocabulary } from '../../../src/domain/vocabulary.ts';
import type { ConsoleVisitor, FormFields } from '../browser-without-scripts.ts';
import { useOpsConsole } from './ops-stage.ts';

type Opened = { rows: { word: string; meaning: string }[]; fields: FormFields };

describe('the editor of a vocabulary, while others change it', () => {
  const ops = useOpsConsole();
  let admin: ConsoleVisitor;
  let editor: string;

  before(async () => {
    admin = await ops.site.signedIn();
    editor = `/ops/advertisers/${ops.network.advertiserId}/vocabulary`;
  });
  beforeEach(() => agree({}));

  const agree = async (vocabulary: Partial<Vocabulary>) =>
    await updateAdvertiser(ops.network.db, ops.network.advertiserId, {
      vocabulary: { ...PLAIN_VOCABULARY, ...vocabulary },
    });
  const map = async (word: string, meaning: Meaning) =>
    await mapWord(ops.network.db, { advertiserId: ops.network.advertiserId, word, meaning });
  const agreed = async () => await readVocabulary(ops.network.db, ops.network.advertiserId);

  /** Has a word come that nobody knows. */
  async function aWaitingWord(word: string): Promise<string> {
    const { conversionId } = await ops.network.aLead(await ops.network.partner());
    await assert.rejects(ops.network.report(conversionId, word), { kind: 'unknown_status' });
    return conversionId;
  }

  const open = async (): Promise<Opened> => readForm((await admin.get(editor)).text);
  const send = async ({ rows, fields }: Opened, typed: FormFields = {}) =>
    await admin.post(editor, {
      ...fields,
      word: rows.map(({ word }) => word),
      meaning: rows.map(({ meaning }) => meaning),
      ...typed,
    });
  const save = async (form: Opened, typed: FormFields = {}) => assert.equal((await send(form, typed)).status, 303);

  it('a suggestion that nobody touched gives way to what the word was mapped to meanwhile', async () => {
    const conversionId = await aWaitingWord('sale');
    const form = await open();
    assert.equal(rowOf(form, 'sale').meaning, 'approved');
    await map('sale', 'rejected');
    addRow(form, 'other', 'pending');
    await save(form);
    assert.deepEqual((await agreed()).words, { sale: 'rejected', other: 'pending' });
    const { status } = await ops.network
      .db('conversions')
      .where({ conversion_id: conversionId })
      .first<{ status: string }>();
    assert.equal(status, 'rejected');
  });

  it('a suggestion is accepted by saving it', async () => {
    await aWaitingWord('lead');
    const form = await open();
    const { meaning } = rowOf(form, 'lead');
    assert.notEqual(meaning, '');
    await save(form);
    assert.equal((await agreed()).words.lead, meaning);
  });

  it('a word that nobody touched means what it was mapped to meanwhile', async () => {
    await agree({ words: { old: 'approved' } });
    const form = await open();
    await map('old', 'ignore');
    addRow(form, 'other', 'pending');
    await save(form);
    assert.deepEqual((await agreed()).words, { old: 'ignore', other: 'pending' });
  });

  it('a word that nobody touched stays away when it was taken away meanwhile', async () => {
    await agree({ words: { old: 'approved', kept: 'rejected' } });
    const form = await open();
    await agree({ words: { kept: 'rejected' } });
    await save(form);
    assert.deepEqual((await agreed()).words, { kept: 'rejected' });
  });

  it('a default and names that nobody touched stay as they were changed meanwhile', async () => {
    await agree({ default_status: 'approved', parameters: { status: 'state', reason: 'why' } });
    const form = await open();
    await agree({ default_status: 'pending', parameters: { status: 'event', transaction_id: 'order' } });
    await save(form, { parameter_conversion_id: 'click_id' });
    const { default_status, parameters } = await agreed();
    assert.equal(default_status, 'pending');
    assert.deepEqual(parameters, { conversion_id: 'click_id', status: 'event', transaction_id: 'order' });
  });

  it('what was touched holds, whatever came meanwhile', async () => {
    await agree({ words: { changed: 'approved', gone: 'approved', emptied: 'approved' }, default_status: 'approved' });
    const form = await open();
    await agree({ words: { changed: 'ignore', emptied: 'ignore' }, default_status: 'pending' });
    rowOf(form, 'changed').meaning = 'rejected';
    rowOf(form, 'gone').meaning = 'rejected';
    rowOf(form, 'emptied').word = '';
    await save(form, { default_status: '' });
    const { words, default_status } = await agreed();
    assert.deepEqual([words, default_status], [{ changed: 'rejected', gone: 'rejected' }, null]);
  });

  it('a form that had to be mended first is still compared with what it was opened with', async () => {
    await agree({ words: { old: 'approved' } });
    const form = await open();
    await map('old', 'ignore');
    const refused = await send(form, { parameter_reason: 'status' });
    assert.equal(refused.status, 400);
    await save(readForm(refused.text), { parameter_reason: '' });
    assert.deepEqual((await agreed()).words, { old: 'ignore' });
  });

  it('a form that does not say with what it was opened changes nothing', async () => {
    await agree({ words: { old: 'approved' } });
    const form = await open();
    for (const opened of ['', '{', 'null', '{"words":1}']) {
      const answer = await send(form, { opened, default_status: 'pending' });
      assert.equal(answer.status, 400, opened);
      assert.match(answer.text, /open the editor again/i);
    }
    assert.deepEqual(await agreed(), { ...PLAIN_VOCABULARY, words: { old: 'approved' } });
  });

  it('the largest vocabulary can be saved, in any letters, and with all its words', async () => {
    for (const letter of ['я', '𐐨']) {
      const word = (nth: number) => `${nth + 1000}`.padEnd(64, letter);
      const words = Array.from({ length: MAX_WORDS }, (_, nth) => [word(nth), 'approved'] as const);
      await agree({ words: Object.fromEntries(words) });
      const form = await open();
      rowOf(form, word(7)).meaning = 'rejected';
      await save(form);
      assert.deepEqual((await agreed()).words, { ...Object.fromEntries(words), [word(7)]: 'rejected' });
    }
  });
});

function rowOf({ rows }: Opened, word: string): Opened['rows'][number] {
  const row = rows.find((candidate) => candidate.word === word);
  return row ?? assert.fail(`no row of ${word}`);
}

function addRow(form: Opened, word: string, meaning: Meaning): void {
  Object.assign(rowOf(form, ''), { word, meaning });
}

/** What a browser would send of the editor as it is shown. */
function readForm(page: string): Opened {
  const text = /<form [^>]*\/vocabulary">.*?<\/form>/s.exec(page)?.[0] ?? '';
  const inputs = [...text.matchAll(/<input [^>]*>/g)].map(
    ([tag]) => [attributeOf(tag, 'name'), plain(attributeOf(tag, 'value'))] as const,
  );
  const selects = [...text.matchAll(/<select [^>]*name="([^"]*)".*?<\/select>/gs)].map(
    ([all, name = '']) => [name, /value="([^"]*)" selected/.exec(all)?.[1] ?? ''] as const,
  );
  const fields: Record<string, string[]> = {};
  for (const [name, value] of [...inputs, ...selects]) (fields[name] ??= []).push(value);
  const { word = [], meaning = [], ...others } = fields;
  return { rows: word.map((each, nth) => ({ word: each, meaning: meaning[nth] ?? '' })), fields: others };
}

function attributeOf(tag: string, name: string): string {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
}

function plain(escaped: string): string {
  const signs: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return escaped.replaceAll(/&([a-z]+|#39);/g, (whole, name: string) => signs[name] ?? whole);
}
