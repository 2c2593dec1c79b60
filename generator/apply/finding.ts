import type { NextStep } from '../errors.ts';

/** One thing looked at. `unknown`: it could not be found out, which is not the same as right. */
export interface Finding {
  id: string;
  state: 'ok' | 'warning' | 'wrong' | 'unknown';
  text: string;
  fix?: NextStep;
  /** Other ways out. */
  alternatives?: NextStep[];
}
