import { customAlphabet } from 'nanoid';
import { POSTBACK_ID_LENGTH, timeOrderedId } from '../domain/ids.ts';

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const random = customAlphabet(ALPHABET, 15);

export function newLeadId(): string {
  return timeOrderedId(Date.now(), random());
}

export function newConversionId(): string {
  return timeOrderedId(Date.now(), random());
}

export const newPostbackId = customAlphabet(ALPHABET, POSTBACK_ID_LENGTH);
