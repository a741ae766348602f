/** Passes: read and checked without a network (their form: flowctl/registry/passes.py). */

import { verifyAsync } from "@noble/ed25519";

export interface Pass {
  site: string;
  trip: number;
  plate: string;
  gate: string;
  startsAt: Date;
  issuedAt: Date;
  expiresAt: Date;
  /** Whether a key of the site's has signed it. */
  genuine: boolean;
}

const PREFIX = "FLOW1:";
const LABEL = new TextEncoder().encode("flowctl pass\0");
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const SIGNATURE_BYTES = 64;
const TRIP_BYTES = 5;
const VERSION = 1;

/** Whether a text was meant as a pass, typed and pasted ones too. */
export const isPassText = (text: string): boolean => text.trimStart().startsWith(PREFIX);

/** The pass of a scanned text, null where it is none. */
export async function readPass(text: string, publicKeys: string[]): Promise<Pass | null> {
  const data = text.startsWith(PREFIX) ? fromBase45(text.slice(PREFIX.length)) : null;
  if (data === null || data.length <= SIGNATURE_BYTES) return null;
  const content = data.subarray(0, -SIGNATURE_BYTES);
  const said = parse(content);
  if (said === null) return null;
  const signature = data.subarray(-SIGNATURE_BYTES);
  const signed = await Promise.all(publicKeys.map((key) => isGenuine(signature, content, key)));
  return { ...said, genuine: signed.includes(true) };
}

async function isGenuine(
  signature: Uint8Array,
  content: Uint8Array,
  publicKey: string,
): Promise<boolean> {
  const signed = new Uint8Array(LABEL.length + content.length);
  signed.set(LABEL);
  signed.set(content, LABEL.length);
  try {
    return await verifyAsync(signature, signed, fromBase64(publicKey));
  } catch {
    return false; // bytes that are no signature at all
  }
}

function parse(content: Uint8Array): Omit<Pass, "genuine"> | null {
  let at = 0;
  const number = (bytes: number): number => {
    let value = 0;
    for (let count = 0; count < bytes; count++) {
      const byte = content[at++];
      if (byte === undefined) throw new RangeError("The pass is cut short.");
      value = value * 256 + byte;
    }
    return value;
  };
  const text = (): string => {
    const length = number(1);
    at += length;
    if (at > content.length) throw new RangeError("The pass is cut short.");
    return new TextDecoder("utf-8", { fatal: true }).decode(content.subarray(at - length, at));
  };
  const moment = (): Date => new Date(number(4) * 1000);
  try {
    if (number(1) !== VERSION) return null;
    const read = {
      site: text(),
      trip: number(TRIP_BYTES),
      plate: text(),
      gate: text(),
      startsAt: moment(),
      issuedAt: moment(),
      expiresAt: moment(),
    };
    return at === content.length ? read : null;
  } catch {
    return null;
  }
}

/** The bytes of a text in base 45 (RFC 9285), null where it is none. */
function fromBase45(text: string): Uint8Array | null {
  const bytes: number[] = [];
  for (let start = 0; start < text.length; start += 3) {
    const letters = [...text.slice(start, start + 3)].map((letter) => LETTERS.indexOf(letter));
    const value = letters.reduceRight((sum, letter) => sum * 45 + letter, 0);
    const most = letters.length === 3 ? 0xffff : 0xff;
    if (letters.length === 1 || letters.includes(-1) || value > most) return null;
    if (letters.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
