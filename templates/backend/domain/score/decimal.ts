/** A decimal number of any length: `sign × 0.{digits} × 10^exp`, no zero at either end of `digits`. */
export interface Decimal {
  sign: -1 | 0 | 1;
  digits: string;
  exp: number;
}

/** Longest score that is kept exactly, in digits and in magnitude. */
export const MAX_DIGITS = 4000;

const NUMBER = /^([-+]?)(\d[\d_]*|)(?:\.([\d_]*))?(?:[eE]([-+]?\d{1,9}))?$/;
const ZERO: Decimal = { sign: 0, digits: '', exp: 0 };

/** Reads a plain decimal number as YAML 1.1 spells it. @returns `null` for anything else, or longer than {@link MAX_DIGITS}. */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > 2 * MAX_DIGITS) return null;
  const match = NUMBER.exec(text);
  if (!match) return null;
  const whole = (match[2] ?? '').replaceAll('_', '');
  const fraction = (match[3] ?? '').replaceAll('_', '');
  if (whole + fraction === '') return null;
  const significant = (whole + fraction).replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return ZERO;
  const exp = significant.length - fraction.length + Number(match[4] ?? 0);
  if (digits.length > MAX_DIGITS || Math.abs(exp) > MAX_DIGITS) return null;
  return { sign: match[1] === '-' ? -1 : 1, digits, exp };
}

/** Orders two decimals exactly: negative, zero or positive. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.exp !== b.exp) return (a.exp - b.exp) * a.sign;
  if (a.digits === b.digits) return 0;
  return (a.digits < b.digits ? -1 : 1) * a.sign;
}

/** Plain text of a decimal, scientific where it would be padded with many zeros. */
export function formatDecimal(value: Decimal): string {
  if (value.sign === 0) return '0';
  const sign = value.sign < 0 ? '-' : '';
  const { digits, exp } = value;
  if (exp > digits.length + 20 || exp < -20) return `${sign}0.${digits}e${exp}`;
  if (exp <= 0) return `${sign}0.${'0'.repeat(-exp)}${digits}`;
  if (exp >= digits.length) return `${sign}${digits}${'0'.repeat(exp - digits.length)}`;
  return `${sign}${digits.slice(0, exp)}.${digits.slice(exp)}`;
}
