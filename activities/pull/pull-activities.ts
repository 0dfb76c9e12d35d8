import { activityInfo, ApplicationFailure, cancellationSignal, heartbeat } from '@temporalio/activity';
import { dropReceived } from '../../src/db/imports/receiving.ts';
import {
  beginPull,
  endFailed,
  endPull,
  forgetLeftover,
  noteAttempt,
  noteLeft,
  type BegunPull,
  type EndedPull,
} from '../../src/db/pulls/pulls.ts';
import { explainUnquoted } from '../../src/domain/pulls/explain-pull.ts';
import { mayPass, type PullAnswer } from '../../src/domain/pulls/pull.ts';
import type { Log } from '../../src/log.ts';
import type { Metrics } from '../../src/metrics.ts';
import { EXPORT_NOT_FETCHED } from '../../workflows/contract.ts';
import type { LeftExport, PullActivities, PullOutcome } from '../../workflows/long-jobs.ts';
import { receiveExport, type ReceiveExportDeps } from './receive-export.ts';

export type PullDeps = ReceiveExportDeps & { metrics: Pick<Metrics, 'pulls'>; log: Log };

export type Pulling = {
  activities: PullActivities;
  /** Leaves the files that are coming in, so that another worker begins them anew. */
  halt(): void;
};

const HEARTBEAT_MS = 1000;
const INTERRUPTED: PullAnswer = { httpStatus: null, problem: 'interrupted', detail: null };
const GONE: PullOutcome = { result: 'gone', importId: null, bytes: null, message: null };

/** The work of pulls in this process. */
export function createPulling(deps: PullDeps): Pulling {
  const { db, metrics, log } = deps;
  const halting = new AbortController();

  return {
    activities: {
      async fetchExport({ mayLeave = false, ...run }) {
        const beating = setInterval(() => heartbeat(), HEARTBEAT_MS);
        try {
          const begun = await beginPull(db, run);
          if (!begun) return GONE;
          const ended = 'result' in begun ? begun : await attempt(begun);
          if (ended !== 'halted') return tell(ended, run.advertiserId);
          return mayLeave ? await leave(begun as BegunPull) : await fail(begun as BegunPull, INTERRUPTED);
        } finally {
          clearInterval(beating);
        }
      },
      async giveUpPull({ why, ...run }) {
        const ended = await endFailed(db, run, why);
        if (!ended) return GONE;
        return tell(ended, run.advertiserId);
      },
    },
    halt: () => halting.abort(),
  };

  async function attempt(begun: BegunPull): Promise<EndedPull | 'halted'> {
    const { pullId, importUnderWay } = begun;
    const signal = AbortSignal.any([cancellationSignal(), halting.signal]);
    await dropLeftovers(begun, signal);
    if (importUnderWay !== null) {
      const answer = { httpStatus: null, problem: 'import_under_way', detail: importUnderWay } as const;
      await endPull(db, begun, { ...answer, result: 'skipped' });
      return { ...answer, pullId, result: 'skipped', importId: null, bytes: null };
    }
    const received = await receiveExport(deps, begun, signal);
    if ('result' in received) return received;
    return halting.signal.aborted ? 'halted' : await fail(begun, received);
  }

  async function dropLeftovers({ leftovers }: BegunPull, signal: AbortSignal): Promise<void> {
    for (const importId of leftovers) {
      if (!(await dropReceived(db, importId, signal))) return;
      await forgetLeftover(db, importId);
    }
  }

  /** The worker stops, which is no failure of the export. */
  async function leave(begun: BegunPull): Promise<LeftExport> {
    await noteLeft(db, begun);
    log.info({ pullId: begun.pullId, advertiserId: begun.advertiserId }, 'A pull is left to another worker.');
    return { result: 'left', failedAttempts: activityInfo().attempt - 1 };
  }

  /** Notes what came of the attempt, and leaves it to Temporal whether there is another. */
  async function fail(begun: BegunPull, answer: PullAnswer): Promise<never> {
    cancellationSignal().throwIfAborted();
    await noteAttempt(db, begun, answer);
    const isLast = !mayPass(answer);
    const message = explainUnquoted(answer) ?? '';
    log.info(
      { pullId: begun.pullId, advertiserId: begun.advertiserId, ...shown(answer), isLast },
      'An export did not come.',
    );
    throw ApplicationFailure.create({ type: EXPORT_NOT_FETCHED, message, nonRetryable: isLast });
  }

  function tell(ended: EndedPull, advertiserId: string): PullOutcome {
    const { pullId, result, importId, bytes } = ended;
    // An activity that is repeated tells what has been counted before; that is once in a while.
    metrics.pulls.inc({ result });
    log.info({ pullId, advertiserId, result, importId, bytes, ...shown(ended) }, 'A pull has ended.');
    return { result, importId, bytes, message: explainUnquoted(ended) };
  }
}

/** Without what the server says of itself, which may hold secrets. */
function shown({ httpStatus, problem }: PullAnswer): Pick<PullAnswer, 'httpStatus' | 'problem'> {
  return { httpStatus, problem };
}
