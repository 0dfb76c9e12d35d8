import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { isTimeZone } from '../../../domain/time-zone.ts';
import { createSignedCookie, readZoneCookie, type Seals, type SignedCookie } from './signed-cookie.ts';

export type Flash = { tone: 'good' | 'bad'; text: string };

/** A request to a console: who makes it, and what its page needs. */
export type Visit<Session = unknown> = {
  /** Undefined before the login. */
  session: Session | undefined;
  /** Stands in every form as `csrf`. */
  formToken: string;
  isFormToken(given: string): boolean;
  /** What the last form had to say, once. */
  flash: Flash | undefined;
  setFlash(flash: Flash): void;
  /** Of the browser; UTC until it has said so. */
  timeZone: string;
  nowMs: number;
  /** Where the documentation is. */
  docs: string;
};

const stranger = {
  session: undefined,
  formToken: '',
  isFormToken: () => false,
  flash: undefined,
  setFlash: () => undefined,
};

/** The cookie that holds the id of a session. */
export function createSessionCookie(seals: Seals): SignedCookie {
  return createSignedCookie('session', seals);
}

/** Finds out who comes, for all that follows. @param findSession undefined for a session that has ended */
export function createVisits<Session>(
  seals: Seals,
  findSession: (sessionId: string) => Promise<Session | undefined>,
  docs = '/docs',
): RequestHandler {
  const { secrets } = seals;
  const sessionCookie = createSessionCookie(seals);
  const formCookie = createSignedCookie('form', seals);
  const flashCookie = createSignedCookie('flash', seals);
  return async (req, res, next) => {
    const timeZone = findZone(readZoneCookie(req.headers));
    // For the page that says it when nobody can be asked who this is.
    res.locals.visit = { ...stranger, timeZone, nowMs: Date.now(), docs } satisfies Visit;
    const sessionId = sessionCookie.read(req.headers);
    const session = sessionId === undefined ? undefined : await findSession(sessionId);
    const bound = session && sessionId !== undefined ? sessionId : bindBrowser();
    const visit: Visit<Session> = {
      session,
      formToken: secrets.sign('form', bound),
      isFormToken: (given) => secrets.isSigned('form', bound, given),
      flash: takeFlash(),
      setFlash: (flash) => flashCookie.set(res, JSON.stringify(flash)),
      timeZone,
      nowMs: Date.now(),
      docs,
    };
    res.locals.visit = visit;
    next();

    /** Who is not signed in has forms too: a login that others could send would sign a person in as somebody else. */
    function bindBrowser(): string {
      const known = formCookie.read(req.headers);
      if (known !== undefined) return known;
      const made = randomBytes(16).toString('hex');
      formCookie.set(res, made);
      return made;
    }

    function takeFlash(): Flash | undefined {
      // A part of a page has no place to show it.
      if (req.method !== 'GET' || req.headers['hx-request'] !== undefined) return undefined;
      const text = flashCookie.read(req.headers);
      if (text === undefined) return undefined;
      flashCookie.clear(res);
      return JSON.parse(text) as Flash;
    }
  };
}

export function visitOf(res: Response): Visit {
  return (res.locals as { visit: Visit }).visit;
}

/** The session of a page behind the login; each console knows what kind it is. */
export function sessionBehindLogin(res: Response): unknown {
  const { session } = visitOf(res);
  if (session === undefined) throw new Error('This page stands before the login.');
  return session;
}

/** @returns the zone when it is one, else UTC */
export function findZone(given: string | undefined): string {
  // Intl takes `+02:00` as well, which Postgres reads with the other sign.
  if (given === undefined || !isTimeZone(given)) return 'UTC';
  return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone;
}
