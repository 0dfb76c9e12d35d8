import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { isRoleEnough, type AdminRole } from '../../domain/admin-role.ts';
import { AppError } from '../../errors.ts';

/** An admin who calls, or is signed in. */
export type Admin = { name: string; role: AdminRole };

/** Notes who calls, for all that follows. */
export function setActor(res: Response, admin: Admin): void {
  res.locals.actor = { name: admin.name, role: admin.role } satisfies Admin;
}

/** The admin who calls, on whose behalf anything is changed. */
export function actorOf(res: Response): Admin {
  const { actor } = res.locals as { actor?: Admin };
  if (!actor) throw new Error('Nobody has said yet who calls.');
  return actor;
}

/** Lets in admins of this role, and of those above it. */
export function needs(role: AdminRole) {
  return <Params>(req: Request<Params>, res: Response, next: NextFunction): void => {
    refuseBelow(role, `${req.method} ${req.originalUrl.split('?')[0]}`, actorOf(res));
    next();
  };
}

/** Unless a call needs more: whoever has a key may look, and changing something needs the role operate. */
export const needsByMethod: RequestHandler = (req, res, next) => {
  const isReading = ['GET', 'HEAD', 'OPTIONS'].includes(req.method);
  needs(isReading ? 'read' : 'operate')(req, res, next);
};

function refuseBelow(needed: AdminRole, what: string, { name, role }: Admin): void {
  if (isRoleEnough(role, needed)) return;
  throw new AppError('forbidden', `${what} needs the role ${needed}; the key ${name} has the role ${role}.`);
}
