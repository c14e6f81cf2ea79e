import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Dice } from './dice.ts';
import { brokenText, oddValue, withOddField } from './odd-json.ts';

/** What tokens that nobody may believe are made of. */
export interface TokenMaterial {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicX: string;
  /** Claims that hold. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Tokens that hold: no case is one of them. */
  readonly good: readonly string[];
}

/** Signed texts are made beforehand: a signature costs as much as fifty cases. */
const POOL_SIZE = 2000;
const TEXT_LENGTH_MAX = 5000;
/** The order of the group of Ed25519: S + L signs the same text where nobody looks. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const base64url = (text: string | Buffer): string => Buffer.from(text as string).toString('base64url');

/** Makes tokens one after the other, none of which may be admitted. */
export class TokenCases {
  readonly #material: TokenMaterial;
  readonly #dice: Dice;
  /** Signed with the mesh's own key, with claims that do not hold. */
  readonly #signedPool: readonly string[];
  /** Signed with a stranger's key, under the name of the mesh's own. */
  readonly #foreignPool: readonly string[];

  constructor(material: TokenMaterial, dice: Dice) {
    this.#material = material;
    this.#dice = dice;
    const foreignKey = generateKeyPairSync('ed25519').privateKey;
    const header = this.#header();
    this.#signedPool = Array.from({ length: POOL_SIZE }, () => signed(header, this.#badClaims(), material.privateKey));
    this.#foreignPool = Array.from({ length: POOL_SIZE }, () =>
      signed(dice.chance(0.5) ? header : this.#oddHeader(), JSON.stringify(material.claims), foreignKey),
    );
  }

  next(): string {
    for (;;) {
      const text = this.#draw();
      if (!this.#material.good.includes(text)) return text;
    }
  }

  #draw(): string {
    const dice = this.#dice;
    const good = dice.of(this.#material.good);
    const [head = '', body = '', signature = ''] = good.split('.');
    switch (dice.below(12)) {
      case 0:
        return dice.flipped(Buffer.from(good)).toString('latin1');
      case 1:
        return good.slice(0, dice.below(good.length));
      case 2:
        return this.#flippedInside([head, body, signature]);
      case 3:
        return `${base64url(this.#oddHeader())}.${body}.${dice.of([signature, '', this.#hmac(`${head}.${body}`)])}`;
      case 4:
        return `${head}.${base64url(withOddField(this.#material.claims, dice))}.${signature}`;
      case 5:
        return dice.of(this.#signedPool);
      case 6:
        return dice.of(this.#foreignPool);
      case 7:
        return dice.chance(0.5)
          ? `${base64url(brokenText(dice))}.${body}.${signature}`
          : `${head}.${base64url(brokenText(dice))}.${signature}`;
      case 8:
        return `${head}.${body}.${dice.of(this.#signedPool).split('.')[2]}`;
      case 9:
        return this.#dressed(good);
      case 10:
        return `${head}.${body}.${base64url(plusGroupOrder(Buffer.from(signature, 'base64url')))}`;
      default:
        return this.#noise();
    }
  }

  #header(): string {
    return JSON.stringify({ alg: 'EdDSA', typ: 'capmesh+jwt', kid: this.#material.kid });
  }

  #oddHeader(): string {
    const { kid } = this.#material;
    const alg = this.#dice.of(['none', 'None', 'HS256', 'ES256', 'RS256', 'eddsa', 'EdDSA ', 'Ed25519', '']);
    const name = this.#dice.of(['__proto__', 'constructor', '', '../k', `${kid} `, 'k'.repeat(200)]);
    return this.#dice.of([
      JSON.stringify({ alg, typ: 'capmesh+jwt', kid }),
      JSON.stringify({ alg: 'EdDSA', typ: 'JWT', kid }),
      JSON.stringify({ alg: 'EdDSA', typ: 'capmesh+jwt', kid: name }),
      JSON.stringify({ alg: 'EdDSA', typ: 'capmesh+jwt', kid, crit: ['b64'], b64: false }),
      JSON.stringify({ alg: 'EdDSA', typ: 'capmesh+jwt', kid, jwk: { kty: 'oct', k: '' }, jku: 'http://x/' }),
      withOddField({ alg: 'EdDSA', typ: 'capmesh+jwt', kid }, this.#dice),
    ]);
  }

  /** Claims that are ours in form and hold for nobody, now or here; the last of two fields of one name counts. */
  #badClaims(): string {
    const { claims } = this.#material;
    const now = Number(claims.iat);
    const text = JSON.stringify(claims).slice(0, -1);
    const bad = this.#dice.of([
      `"exp":${now - 3 - this.#dice.below(1e6)}`,
      `"nbf":${now + 7200 + this.#dice.below(1e6)}`,
      `"aud":${this.#dice.of(['"other"', '["shop"]', '"Shop"', '"shop\\u0000"', 'null'])}`,
      `"iss":${this.#dice.of(['"other"', '""', '"capmesh "'])}`,
      '"gen":0',
      '"jti":"revoked"',
      `"exp":${this.#dice.of(['1e400', 'null', '"9999999999"', '-1', '9007199254740993', '[]'])}`,
      `"prio":${this.#dice.of(['10', '-1', '1.5', '"7"', 'null', '{}', '1e400'])}`,
      `"cap":${this.#dice.of(['null', '[]', '1', '{"int":1.01}', '{"int":-1}', '{"ptr":"1"}', '{"int":1e400}', '{"int":0}'])}`,
      `"sub":${this.#dice.of(['"Checkout"', '"~unverified"', '""', '"stranger"', '"__proto__"', '"ｃ"', '["checkout"]'])}`,
      `"${this.#dice.of(['tenant', 'jti', 'sub', 'iat', 'nbf', 'gen'])}":${this.#dice.of(['null', '{}', '[]', 'true'])}`,
    ]);
    return `${text},${bad}}`;
  }

  #flippedInside(parts: readonly [string, string, string]): string {
    const at = this.#dice.below(3);
    return parts
      .map((part, index) => (index === at ? base64url(this.#dice.flipped(Buffer.from(part, 'base64url'))) : part))
      .join('.');
  }

  /** The classic confusion: an HMAC keyed with our public key. */
  #hmac(input: string): string {
    return createHmac('sha256', Buffer.from(this.#material.publicX, 'base64url')).update(input).digest('base64url');
  }

  #dressed(good: string): string {
    const dice = this.#dice;
    const extra = dice.of([' ', '\n', '\0', '=', '==', '.', '..', 'A', '%00', ';', ',', good, '\u00e9', '\u{1f511}']);
    const at = dice.of([0, good.length, dice.below(good.length)]);
    return dice.chance(0.1) ? `Bearer ${good}` : good.slice(0, at) + extra + good.slice(at);
  }

  #noise(): string {
    const dice = this.#dice;
    const length = dice.chance(0.02) ? dice.below(TEXT_LENGTH_MAX) : dice.below(120);
    const text = dice.bytes(length).toString(dice.of(['latin1', 'base64url', 'utf8']));
    return dice.chance(0.5) ? text : `${text.slice(0, 9)}.${text.slice(9)}.${oddValue(dice)}`;
  }
}

function signed(header: string, claims: string, key: KeyObject): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${base64url(sign(null, Buffer.from(input), key))}`;
}

function plusGroupOrder(signature: Buffer): Buffer {
  let sum = GROUP_ORDER;
  for (let at = 63; at >= 32; at -= 1) sum += BigInt(signature[at] ?? 0) << BigInt(8 * (at - 32));
  const copy = Buffer.from(signature);
  for (let at = 32; at < 64; at += 1, sum >>= 8n) copy[at] = Number(sum & 255n);
  return copy;
}
