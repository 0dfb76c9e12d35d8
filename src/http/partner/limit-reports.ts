import type { Request, RequestHandler, Response } from 'express';
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
  /**
   * Counts a file, and waits until the one before it has been sent.
   * @throws AppError `too_many`
   */
  countFile(partnerId: string, res: Response): Promise<void>;
};

/** So many reports a minute for each partner, and its files one after the other; both in this process alone. */
export function createReportLimit(): ReportLimit {
  const limit = createCallLimit(REPORTS_PER_MINUTE);
  const lastFile = new Map<string, Promise<unknown>>();

  return {
    count,
    async countFile(partnerId, res) {
      await count(partnerId);
      await waitForFileBefore(partnerId, new Promise((resolve) => res.once('close', resolve)));
    },
  };

  async function count(partnerId: string): Promise<void> {
    if (!(await limit.count(partnerId))) return;
    const message = `At most ${REPORTS_PER_MINUTE} reports and files a minute are made; wait a minute.`;
    throw new AppError('too_many', message);
  }

  async function waitForFileBefore(partnerId: string, sent: Promise<unknown>): Promise<void> {
    const before = lastFile.get(partnerId);
    const both = Promise.all([before, sent]).then(() => {
      if (lastFile.get(partnerId) === both) lastFile.delete(partnerId);
    });
    lastFile.set(partnerId, both);
    await before;
  }
}

/** Keeps what reads much from crowding out the rest. Pages of lists are cheap, so they are not counted. */
export function limitReports(): RequestHandler {
  const reports = createReportLimit();
  return async (req, res, next) => {
    const partnerId = partnerOf(res);
    const isFile = isReading(req) && wantsCsv(req);
    if (!isFile && !REPORTS.includes(`${req.method} ${req.path.toLowerCase().replace(/\/$/, '')}`)) return next();
    await (isFile ? reports.countFile(partnerId, res) : reports.count(partnerId));
    if (!res.closed) next();
  };
}

function isReading({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}
