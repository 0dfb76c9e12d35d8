import type { Knex } from 'knex';
import { entriesOf, type Journal } from '../journal.ts';
import type { TrialNetwork } from '../network.ts';
import { recountSettlements } from './attribution.ts';
import { recountAttempts } from './attempts.ts';
import { readFacts } from './facts.ts';
import { report } from './findings.ts';
import { recountFiles } from './files.ts';
import { recountIntake } from './intake.ts';
import { recountLedger } from './ledger.ts';
import { recountPrices } from './prices.ts';
import { recountReceived } from './receiver.ts';

/** Recounts a whole trial from the facts and prints it, the last line for the README. @returns false when anything is wrong */
export async function recount(db: Knex, journal: Journal, network: TrialNetwork): Promise<boolean> {
  const facts = await readFacts(db, network);
  const received = recountReceived(journal, facts);
  const isRight = report([
    ...recountIntake(journal, facts),
    ...recountFiles(journal, facts),
    ...recountPrices(journal, facts),
    ...recountSettlements(facts, network),
    recountLedger(facts),
    ...recountAttempts(facts),
    ...received.findings,
  ]);
  const kills = entriesOf(journal, 'kill');
  const counts = [
    `${kills.length} kills of ${kills.flatMap(({ names }) => names).length} processes`,
    `${entriesOf(journal, 'click').length} clicks and ${entriesOf(journal, 'status').length} statuses answered`,
    `${entriesOf(journal, 'file').length} files with ${facts.fileCalls.length} rows of known conversions`,
    `${facts.priceLists.length} price lists`,
    `${facts.settlements.length} settlements and ${facts.postbacks.length} postbacks recounted`,
    `${[...facts.attempts.values()].flat().length} attempts`,
    `${received.repeats} repeated after its worker was killed`,
  ];
  const verdict = isRight ? 'nothing lost, doubled, misordered or left' : 'NOT AS IT SHOULD BE';
  console.log(`${counts.join(', ')}: ${verdict}`);
  return isRight;
}
