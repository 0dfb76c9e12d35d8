import type { Knex } from 'knex';
import { entriesOf, type Entry, type Journal } from '../journal.ts';
import type { TrialNetwork } from '../network.ts';
import { recountSettlements } from './attribution.ts';
import { recountAttempts } from './attempts.ts';
import { recountCaps } from './caps.ts';
import { recountClosedOffers } from './closed-offers.ts';
import { readFacts, type Facts } from './facts.ts';
import { report, type Finding } from './findings.ts';
import { recountFiles } from './files.ts';
import { recountHandovers } from './handovers.ts';
import { recountIntake } from './intake.ts';
import { recountLedger } from './ledger.ts';
import { recountPrices } from './prices.ts';
import { recountPulls } from './pulls.ts';
import { recountReceived } from './receiver.ts';
import { recountWindow } from './window.ts';

/** Recounts a whole trial from the facts and prints it, the last line for the README. @returns false when anything is wrong */
export async function recount(db: Knex, journal: Journal, network: TrialNetwork): Promise<boolean> {
  const facts = await readFacts(db, network);
  const { findings, repeats } = recountFacts(journal, facts, network);
  const isRight = report(findings);
  const counts = [...describeTrial(journal, facts), `${repeats} repeated after its worker was killed`];
  const verdict = isRight ? 'nothing lost, doubled, misordered or left' : 'NOT AS IT SHOULD BE';
  console.log(`${counts.join(', ')}: ${verdict}`);
  return isRight;
}

function describeTrial(journal: Journal, { calls, pulls, ...facts }: Facts): string[] {
  const kills = entriesOf(journal, 'kill');
  const answered = (type: Entry['type']) => entriesOf(journal, type).length;
  const called = (wanted: string) => calls.filter(({ result }) => result === wanted).length;
  return [
    `${kills.length} kills of ${kills.flatMap(({ names }) => names).length} processes`,
    `${answered('click')} clicks and ${answered('status')} statuses answered`,
    `${called('window_closed')} statuses left refused as too late and ${called('accepted_late')} accepted`,
    `${answered('file')} files and ${pulls.filter(({ result }) => result === 'imported').length} exports imported`,
    `${facts.priceLists.length} price lists and ${answered('capped')} caps`,
    `${facts.settlements.length} settlements and ${facts.postbacks.length} postbacks recounted`,
    `${facts.postbacks.filter(({ is_handover }) => is_handover).length} of them handovers`,
    `${[...facts.attempts.values()].flat().length} attempts`,
  ];
}

/** The same of facts that have been read. */
export function recountFacts(
  journal: Journal,
  facts: Facts,
  network: TrialNetwork,
): { findings: Finding[]; repeats: number } {
  const received = recountReceived(journal, facts);
  const findings = [
    ...recountIntake(journal, facts),
    ...recountFiles(journal, facts),
    ...recountPulls(journal, facts),
    ...recountWindow(journal, facts),
    ...recountPrices(journal, facts),
    recountCaps(journal, facts, network),
    ...recountClosedOffers(journal, facts, network),
    ...recountSettlements(facts, network),
    recountHandovers(facts, network),
    recountLedger(facts),
    ...recountAttempts(facts),
    ...received.findings,
  ];
  return { findings, repeats: received.repeats };
}
