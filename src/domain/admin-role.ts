/** What an admin key may do, each including the ones before: look; change what happens; change catalogue, prices and keys. */
export const adminRoles = ['read', 'operate', 'admin'] as const;

export type AdminRole = (typeof adminRoles)[number];

/** The admin whose key is in the configuration; it cannot be revoked, and no other key has its name. */
export const ROOT = 'root';

/** What the program does by itself, as the audit log names it; no key has its name. */
export const SYSTEM = 'system';

export function isRoleEnough(role: AdminRole, needed: AdminRole): boolean {
  return adminRoles.indexOf(role) >= adminRoles.indexOf(needed);
}
