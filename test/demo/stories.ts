import assert from 'node:assert/strict';
import { INTERVAL_SECONDS, type Stage } from './stage.ts';

export type Story = {
  title: string;
  about: string;
  /** @returns the conversion_id the story is about */
  play(stage: Stage): Promise<string>;
  promised: Promised;
  /** What `promised` cannot say. */
  check?(stage: Stage): void;
};

/** How a story must end. */
export type Promised = {
  /** The calls to each partner's tracker, in order. */
  heard: { alba: string[]; bluebird: string[] };
  postbacks: string[];
  rewards: string[];
  leadStatus: string;
  linkedPartner: string;
};

/** Bluebird is told of the approval and rewarded; Alba hears nothing. */
const bluebirdWins: Promised = {
  heard: { alba: [], bluebird: ['approved, answered 200'] },
  postbacks: ['approved to bluebird: delivered'],
  rewards: ['booked 1250 USD for bluebird'],
  leadStatus: 'approved',
  linkedPartner: 'bluebird',
};

export const stories: Story[] = [
  {
    title: 'The last touch wins',
    about: 'A visitor follows the link of Alba, then that of Bluebird, and takes an offer. The bank approves.',
    async play({ newVisitor, alba, bluebird, bank }) {
      const visitor = newVisitor();
      await visitor.opens(alba.linkWith('alba-1'));
      await visitor.opens(bluebird.linkWith('blue-1'));
      const conversionId = await visitor.takesOffer();
      await bank.reports(conversionId, 'approved');
      return conversionId;
    },
    promised: bluebirdWins,
  },
  {
    title: 'The house loses',
    about: "A visitor of the house's own wall takes an offer, later follows the link of Bluebird. The bank approves.",
    async play({ newVisitor, bluebird, bank }) {
      const visitor = newVisitor();
      await visitor.opens('/');
      const conversionId = await visitor.takesOffer();
      await visitor.opens(bluebird.linkWith('blue-2'));
      await bank.reports(conversionId, 'approved');
      return conversionId;
    },
    promised: bluebirdWins,
  },
  {
    title: "Nobody is told of the house's own lead",
    about: "A visitor of the house's own wall takes an offer and never follows a link. The bank approves.",
    async play({ newVisitor, bank }) {
      const visitor = newVisitor();
      await visitor.opens('/');
      const conversionId = await visitor.takesOffer();
      await bank.reports(conversionId, 'approved');
      return conversionId;
    },
    promised: {
      heard: { alba: [], bluebird: [] },
      postbacks: ['approved to house: skipped, house'],
      rewards: [],
      leadStatus: 'approved',
      linkedPartner: 'house',
    },
  },
  {
    title: 'Three attempts, then failed',
    about: `Alba's tracker redirects, then answers without content, then not at all. Only 200 counts; ${INTERVAL_SECONDS} s stand for five minutes.`,
    async play({ newVisitor, alba, bank }) {
      alba.willAnswer(302, 204, 'nothing');
      const visitor = newVisitor();
      await visitor.opens(alba.linkWith('alba-4'));
      const conversionId = await visitor.takesOffer();
      await bank.reports(conversionId, 'approved');
      return conversionId;
    },
    promised: {
      heard: { alba: ['approved, answered 302', 'approved, answered 204', 'approved, not answered'], bluebird: [] },
      postbacks: ['approved to alba: failed'],
      rewards: ['booked 1250 USD for alba'],
      leadStatus: 'approved',
      linkedPartner: 'alba',
    },
    check({ alba }) {
      const times = alba.heard.map(({ at }) => at / 1000);
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? NaN));
      for (const gap of gaps) assert.ok(Math.abs(gap - INTERVAL_SECONDS) < 0.5, `An attempt came after ${gap} s.`);
    },
  },
  {
    title: 'A newer status supersedes an older one',
    about: "Alba's tracker refuses pending. Approved arrives before the next attempt: pending is never sent again.",
    async play({ newVisitor, alba, bank, untilCalled, passInterval }) {
      alba.willAnswer(500, 200);
      const visitor = newVisitor();
      await visitor.opens(alba.linkWith('alba-5'));
      const conversionId = await visitor.takesOffer();
      await bank.reports(conversionId, 'pending');
      await untilCalled(alba, 1);
      await bank.reports(conversionId, 'approved');
      await passInterval();
      return conversionId;
    },
    promised: {
      heard: { alba: ['pending, answered 500', 'approved, answered 200'], bluebird: [] },
      postbacks: ['pending to alba: superseded', 'approved to alba: delivered'],
      rewards: ['booked 1250 USD for alba'],
      leadStatus: 'approved',
      linkedPartner: 'alba',
    },
  },
  {
    title: 'A reversal goes to the partner who won',
    about: 'Alba wins a conversion and the visitor comes again through Bluebird. Then the bank rejects after all.',
    async play({ newVisitor, alba, bluebird, bank, untilCalled }) {
      const visitor = newVisitor();
      await visitor.opens(alba.linkWith('alba-6'));
      const conversionId = await visitor.takesOffer();
      await bank.reports(conversionId, 'approved');
      await untilCalled(alba, 1);
      await visitor.opens(bluebird.linkWith('blue-6'));
      await bank.reports(conversionId, 'rejected', 'card returned');
      return conversionId;
    },
    promised: {
      heard: { alba: ['approved, answered 200', 'rejected, answered 200'], bluebird: [] },
      postbacks: ['approved to alba: delivered', 'rejected to alba: delivered'],
      rewards: ['booked 1250 USD for alba', 'revoked -1250 USD for alba'],
      leadStatus: 'rejected',
      linkedPartner: 'bluebird',
    },
  },
];
