import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLeadTokens as createBothKinds, type LeadTokens } from '../../src/intake/lead-token.ts';
import { newLeadId } from '../../src/new-ids.ts';

const SECRET = 'the secret that signs';
const SECOND = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND;
const WINDOW_MS = 14 * DAY_MS;

function createClock(startMs = 1_750_000_000_000) {
  let time = startMs;
  return { now: () => time, pass: (ms: number) => void (time += ms) };
}

const kinds: (keyof LeadTokens)[] = ['cookie', 'link'];

describe('lead tokens', () => {
  for (const kind of kinds) {
    describe(`of a ${kind}`, () => describeKind(kind));
  }

  it('of a link live for a day, those of a cookie for the window', () => {
    const clock = createClock();
    const tokens = createBothKinds([SECRET], WINDOW_MS, clock.now);
    const leadId = newLeadId();
    const [cookie, link] = [tokens.cookie.issue(leadId), tokens.link.issue(leadId)];
    clock.pass(DAY_MS - SECOND);
    assert.equal(tokens.link.read(link), leadId);
    clock.pass(SECOND);
    assert.equal(tokens.link.read(link), undefined);
    assert.equal(tokens.cookie.read(cookie), leadId);
  });

  it('of a link do not outlive a window that is shorter than a day', () => {
    const clock = createClock();
    const tokens = createBothKinds([SECRET], 60 * SECOND, clock.now);
    const link = tokens.link.issue(newLeadId());
    clock.pass(60 * SECOND);
    assert.equal(tokens.link.read(link), undefined);
  });

  it('of one kind are not accepted as the other, so that a published link cannot be planted as a cookie', () => {
    const tokens = createBothKinds([SECRET], WINDOW_MS);
    const leadId = newLeadId();
    assert.equal(tokens.cookie.read(tokens.link.issue(leadId)), undefined);
    assert.equal(tokens.link.read(tokens.cookie.issue(leadId)), undefined);
  });

  it('cannot be made without a secret', () => {
    assert.throws(() => createBothKinds([], WINDOW_MS), /LEAD_SECRET/);
  });
});

function describeKind(kind: keyof LeadTokens): void {
  const lifetimeMs = { cookie: WINDOW_MS, link: DAY_MS }[kind];
  const createLeadTokens = (...given: Parameters<typeof createBothKinds>) => createBothKinds(...given)[kind];
  it('carry a lead', () => {
    const tokens = createLeadTokens([SECRET], WINDOW_MS);
    const leadId = newLeadId();
    assert.equal(tokens.read(tokens.issue(leadId)), leadId);
  });

  it('need no encoding in a URL or a cookie', () => {
    const tokens = createLeadTokens([SECRET], WINDOW_MS);
    for (let round = 0; round < 200; round++) assert.match(tokens.issue(newLeadId()), /^[\w.-]+$/);
  });

  it('are worth nothing once their time is over', () => {
    const clock = createClock();
    const tokens = createLeadTokens([SECRET], WINDOW_MS, clock.now);
    const leadId = newLeadId();
    const token = tokens.issue(leadId);
    clock.pass(lifetimeMs - SECOND);
    assert.equal(tokens.read(token), leadId);
    clock.pass(SECOND);
    assert.equal(tokens.read(token), undefined);
    assert.equal(tokens.read(tokens.issue(leadId)), leadId);
  });

  it('are refused when the lead, the time or the signature was changed', () => {
    const clock = createClock();
    const tokens = createLeadTokens([SECRET], WINDOW_MS, clock.now);
    const token = tokens.issue(newLeadId());
    const [leadId = '', time = '', signature = ''] = token.split('.');
    const later = (Number.parseInt(time, 36) + 60).toString(36);
    const otherEnd = signature.startsWith('A') ? 'B' : 'A';
    for (const forged of [
      [newLeadId(), time, signature],
      [leadId, later, signature],
      [leadId, time, `${otherEnd}${signature.slice(1)}`],
      [leadId, time, signature.slice(0, -2)],
      [leadId, time, `${signature}AA`],
      [leadId, time, signature, ''],
      [leadId, time],
      [leadId],
    ]) {
      assert.equal(tokens.read(forged.join('.')), undefined, forged.join('.'));
    }
    assert.equal(createLeadTokens(['another secret'], WINDOW_MS, clock.now).read(token), undefined);
  });

  it('survive the replacement of the secret until the old one is taken away', () => {
    const replacement = 'the secret that comes after';
    const leadId = newLeadId();
    const oldToken = createLeadTokens([SECRET], WINDOW_MS).issue(leadId);
    const both = createLeadTokens([replacement, SECRET], WINDOW_MS);
    const onlyNew = createLeadTokens([replacement], WINDOW_MS);
    assert.equal(both.read(oldToken), leadId);
    assert.equal(onlyNew.read(both.issue(leadId)), leadId);
    assert.equal(onlyNew.read(oldToken), undefined);
  });

  it('no other text is one, and none throws', () => {
    const tokens = createLeadTokens([SECRET], WINDOW_MS);
    const [leadId = '', time = '', signature = ''] = tokens.issue(newLeadId()).split('.');
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.base64String(),
      fc.constantFrom(leadId, time, signature, '', '0', '-1', 'zzzzzzzzzzzzz', '__proto__', '\0', '\ud800'),
    );
    const isGenuine = (text: string) => text === [leadId, time, signature].join('.');
    fc.assert(
      fc.property(
        fc
          .array(part, { maxLength: 5 })
          .map((parts) => parts.join('.'))
          .filter((text) => !isGenuine(text)),
        (text) => assert.equal(tokens.read(text), undefined),
      ),
      { numRuns: 500 },
    );
    assert.equal(tokens.read(undefined), undefined);
  });
}
