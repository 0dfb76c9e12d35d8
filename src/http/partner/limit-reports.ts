import type { Request, RequestHandler } from 'express';
import { AppError } from '../../errors.ts';
import { wantsCsv } from '../protocol/csv.ts';
import { createCallLimit } from '../protocol/keys/call-limit.ts';
import { partnerOf } from './auth.ts';

const REPORTS_PER_MINUTE = 60;
const REPORTS = ['GET /stats', 'HEAD /stats', 'POST /replays', 'POST /replays/preview'];

export type ReportLimit = {
  /**
   * Counts a report of this partner.
   * @throws AppError `too_many`
   */
  count(partnerId: string): Promise<void>;
};

/** So many reports a minute for each partner, in this process alone. */
export function createReportLimit(): ReportLimit {
  const limit = createCallLimit(REPORTS_PER_MINUTE);
  return {
    async count(partnerId) {
      if (!(await limit.count(partnerId))) return;
      const message = `At most ${REPORTS_PER_MINUTE} reports and files a minute are made; wait a minute.`;
      throw new AppError('too_many', message);
    },
  };
}

/**
 * Keeps what reads much from crowding out the rest: so many reports a minute for each partner, and files one after the
 * other; both in this process alone. Pages of lists are cheap, so they are not counted.
 */
export function limitReports(): RequestHandler {
  const reports = createReportLimit();
  const lastFile = new Map<string, Promise<unknown>>();

  return async (req, res, next) => {
    const partnerId = partnerOf(res);
    const isFile = isReading(req) && wantsCsv(req);
    if (!isFile && !REPORTS.includes(`${req.method} ${req.path.toLowerCase().replace(/\/$/, '')}`)) return next();
    await reports.count(partnerId);
    if (isFile) await waitForFileBefore(partnerId, new Promise((resolve) => res.once('close', resolve)));
    if (!res.closed) next();
  };

  async function waitForFileBefore(partnerId: string, sent: Promise<unknown>): Promise<void> {
    const before = lastFile.get(partnerId);
    const both = Promise.all([before, sent]).then(() => {
      if (lastFile.get(partnerId) === both) lastFile.delete(partnerId);
    });
    lastFile.set(partnerId, both);
    await before;
  }
}

function isReading({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}
