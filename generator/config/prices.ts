/** Jobs flavors and US dollars per hour (jobs-pricing, 2026-08-22): the fallback when the hub's live list is out of reach. */
export const FLAVORS = [
  { name: 'cpu-basic', usdPerHour: 0.01, text: '2 vCPU, 16 GB' },
  { name: 'cpu-upgrade', usdPerHour: 0.03, text: '8 vCPU, 32 GB' },
  { name: 'cpu-xl', usdPerHour: 1, text: '16 vCPU, 124 GB' },
  { name: 'cpu-performance', usdPerHour: 1.9, text: '32 vCPU, 256 GB' },
  { name: 't4-small', usdPerHour: 0.4, text: '1x T4' },
  { name: 't4-medium', usdPerHour: 0.6, text: '1x T4, more memory' },
  { name: 'l4x1', usdPerHour: 0.8, text: '1x L4' },
  { name: 'l4x4', usdPerHour: 3.8, text: '4x L4' },
  { name: 'l40sx1', usdPerHour: 1.8, text: '1x L40S' },
  { name: 'l40sx4', usdPerHour: 8.3, text: '4x L40S' },
  { name: 'l40sx8', usdPerHour: 23.5, text: '8x L40S' },
  { name: 'a10g-small', usdPerHour: 1, text: '1x A10G' },
  { name: 'a10g-large', usdPerHour: 1.5, text: '1x A10G, more memory' },
  { name: 'a10g-largex2', usdPerHour: 3, text: '2x A10G' },
  { name: 'a10g-largex4', usdPerHour: 5, text: '4x A10G' },
  { name: 'a100-large', usdPerHour: 2.5, text: '1x A100' },
  { name: 'a100x4', usdPerHour: 10, text: '4x A100' },
  { name: 'a100x8', usdPerHour: 20, text: '8x A100' },
  { name: 'rtx-pro-6000', usdPerHour: 2.75, text: '1x RTX PRO 6000' },
  { name: 'rtx-pro-6000x2', usdPerHour: 5.5, text: '2x RTX PRO 6000' },
  { name: 'h200', usdPerHour: 5, text: '1x H200' },
  { name: 'h200x2', usdPerHour: 10, text: '2x H200' },
  { name: 'h200x4', usdPerHour: 20, text: '4x H200' },
  { name: 'h200x8', usdPerHour: 40, text: '8x H200' },
] as const;

/** What the Hub gives a Space that asks for nothing else. */
export const FREE_HARDWARE = 'cpu-basic';

export const flavorLabel = ({ name, usdPerHour, text }: { name: string; usdPerHour: number; text: string }) =>
  `${name.padEnd(17)}${`$${usdPerHour}/h`.padEnd(10)}${text}`;
