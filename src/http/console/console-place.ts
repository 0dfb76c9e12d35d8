/** A console and where it lives. What is signed or set for one means nothing to the other. */
export type ConsolePlace = {
  name: 'console' | 'ops';
  path: '/console' | '/ops';
  /** Whether a link on a page of another site brings the session along. */
  sameSite: 'lax' | 'strict';
};
