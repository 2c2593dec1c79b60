import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Database, put } from '../store/database.ts';

export type CasScope = 'read' | 'write';

const TOKEN_LIFE_S = 3600;

/** Signs CAS tokens and data URLs. The store id is part of every CAS URL: clients key their caches by it. */
export class CasKeys {
  readonly storeId: string;
  private readonly secret: string;
  private readonly now: () => number;

  private constructor(storeId: string, secret: string, now: () => number) {
    this.storeId = storeId;
    this.secret = secret;
    this.now = now;
  }

  static async open(db: Database, now: () => number): Promise<CasKeys> {
    const storeId = db.get('meta', 'storeId') ?? randomBytes(8).toString('hex');
    const secret = db.get('meta', 'casSecret') ?? randomBytes(32).toString('hex');
    if (!db.get('meta', 'storeId'))
      await db.write(put('meta', 'storeId', storeId), put('meta', 'casSecret', secret));
    return new CasKeys(storeId, secret, now);
  }

  /** @returns the token and when it ends, in unix seconds */
  token(scope: CasScope): { accessToken: string; exp: number } {
    const exp = Math.floor(this.now() / 1000) + TOKEN_LIFE_S;
    return { accessToken: `xet_${scope}.${exp}.${this.sign(`${scope}.${exp}`)}`, exp };
  }

  /** A write token reads too. `null`: not a valid token. */
  scopeOf(token: string | undefined): CasScope | null {
    const match = /^xet_(read|write)\.(\d+)\.([\w-]+)$/.exec(token ?? '');
    if (!match) return null;
    const [, scope, exp, signature] = match as unknown as [string, CasScope, string, string];
    return this.valid(`${scope}.${exp}`, exp, signature) ? scope : null;
  }

  /** Query that lets its bearer read one xorb: data URLs are fetched without a token. */
  dataQuery(xorb: string): string {
    const exp = (Math.floor(this.now() / 1000 / TOKEN_LIFE_S) + 2) * TOKEN_LIFE_S;
    return `e=${exp}&s=${this.sign(`data.${xorb}.${exp}`)}`;
  }

  allowsData(xorb: string, exp: string, signature: string): boolean {
    return this.valid(`data.${xorb}.${exp}`, exp, signature);
  }

  private valid(text: string, exp: string, signature: string): boolean {
    const expected = Buffer.from(this.sign(text));
    const given = Buffer.from(signature);
    const same = expected.length === given.length && timingSafeEqual(expected, given);
    return same && Number(exp) * 1000 > this.now();
  }

  private sign(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('base64url');
  }
}
