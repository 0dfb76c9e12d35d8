import { DELIVERY_STYLESHEET } from './delivery-stylesheet.ts';
import { FRAME_STYLESHEET } from './frame-stylesheet.ts';
import { OPS_STYLESHEET } from './ops-stylesheet.ts';
import { PARTS_STYLESHEET } from './parts-stylesheet.ts';
import { PRICE_STYLESHEET } from './price-stylesheet.ts';

/** What a console adds to the stylesheet of all pages. */
export const CONSOLE_STYLESHEET =
  FRAME_STYLESHEET + PARTS_STYLESHEET + DELIVERY_STYLESHEET + OPS_STYLESHEET + PRICE_STYLESHEET;
