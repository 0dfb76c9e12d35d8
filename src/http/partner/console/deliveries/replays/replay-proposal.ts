import type { Response } from 'express';
import type { Knex } from 'knex';
import { proposeReplay, type ReplayProposal } from '../../../../../db/replays/replay-previews.ts';
import { writeCount } from '../../../../pages/console/write-numbers.ts';
import { tellSpan } from '../../../../pages/console/tell-time.ts';
import type { Action } from '../../../../pages/console/parts.ts';
import { visitOf } from '../../../../console/session/visit.ts';
import { sessionOf } from '../../partner-session.ts';

/** What the endpoint's last outage has cost, as a notice with what to do about it. */
export type ShownProposal = { tone: 'bad' | 'busy'; title: string; text: string; actions: Action[] };

/** @returns undefined when nothing failed that a replay could make good */
export async function readShownProposal(db: Knex, res: Response): Promise<ShownProposal | undefined> {
  const proposal = await proposeReplay(db, sessionOf(res).partnerId);
  return proposal && showProposal(proposal, visitOf(res).timeZone);
}

function showProposal(proposal: ReplayProposal, timeZone: string): ShownProposal {
  const { count, is_complete, first_failed_at, last_failed_at, from, to, answers_again } = proposal;
  const query = new URLSearchParams({ from, to }).toString();
  const number = `${writeCount(count)}${is_complete ? '' : ' or more'}`;
  return {
    tone: answers_again ? 'busy' : 'bad',
    title: `${number} ${count === 1 ? 'postback' : 'postbacks'} failed ${tellSpan(first_failed_at, last_failed_at, timeZone)}`,
    text: answers_again
      ? 'Your endpoint answers again: replay them, each conversion in order.'
      : 'Your endpoint has not taken a postback since. Repair it, test it, then replay them.',
    actions: [
      { label: 'Look at the replay', href: `/console/deliveries/replays/new?${query}` },
      ...(answers_again ? [] : [{ label: 'Test the endpoint', href: '/console/postbacks#try' }]),
    ],
  };
}
