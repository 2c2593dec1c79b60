/** Who is calling, and on whose behalf they may write. */

/** What a request brought along. Never logged. */
export interface Credential {
  /** `Authorization: Bearer …`, or the dashboard session's. */
  bearer: string | null;
  from: 'header' | 'session' | 'none';
  /** Address it came from. */
  ip?: string | undefined;
  /** `X-Evaluator-Key`. */
  evaluatorKey?: string;
  /** The Hub's user it turned out to be, once checked: what the audit keeps of a refused write. */
  proven?: string;
}

export interface HfUser {
  name: string;
  email?: string;
  isMember: boolean;
  handle: string;
}

/** A proven right to write as an agent. */
export interface Writer {
  agent: string;
  /** `none`: tokenless, only with WRITE_AUTH=open; written on the record. */
  auth: 'key' | 'hf' | 'none';
  /** The registered user of the agent. */
  hfUser: string;
}

export interface Auth {
  /** The Hugging Face user of the credential. UNAUTHORIZED without one or when the Hub refuses it; HUB_UNAVAILABLE when it cannot tell. */
  user(credential: Credential): Promise<HfUser>;
  /**
   * May the caller write as `agent`: its key, or a token of its registered user. NOT_REGISTERED, UNAUTHORIZED or
   * IDENTITY_MISMATCH otherwise. `always`: refuses the tokenless write even with WRITE_AUTH=open.
   */
  writer(credential: Credential, agent: string, options?: { always?: boolean }): Promise<Writer>;
  /** An admin of the org. NOT_ORGANIZER, ORGANIZER_CHECK_UNAVAILABLE. */
  organizer(credential: Credential): Promise<HfUser>;
  /** The evaluator's key. UNAUTHORIZED when it is another one, or none is configured. */
  evaluator(credential: Credential): void;
  /** Role of a user in the org; `null`: not a member. Throws ORGANIZER_CHECK_UNAVAILABLE. */
  role(user: HfUser): Promise<string | null>;
  /** Lower-cased user names of the org, remembered; `null` when the Hub does not tell. */
  memberNames(): Promise<ReadonlySet<string> | null>;
  /**
   * Reads the handshake again: does the scratch bucket still prove the registered user, or whoever bears the
   * credential? 403 when not.
   */
  handshake(agent: string, credential?: Credential): Promise<void>;
}
