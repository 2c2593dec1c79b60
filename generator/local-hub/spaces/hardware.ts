import { JOB_HARDWARE, priceAnswer } from '../jobs/hardware.ts';
import type { SpaceRow } from '../store/tables.ts';

/** Seconds of silence after which free hardware sleeps on the Hub; it cannot be changed there. */
const FREE_SLEEP_S = 172_800;
export const FREE = 'cpu-basic';
const JOBS_ONLY = /^(cpu-xl|cpu-performance|h200)/;

/** What a Space can run on, with dollars per hour (hub-docs, spaces-gpus.md). */
export const SPACE_HARDWARE = JOB_HARDWARE.filter(({ name }) => !JOBS_ONLY.test(name)).map((hardware) =>
  hardware.name === FREE ? { ...hardware, usdPerHour: 0 } : hardware,
);

/** Answer of `GET /api/spaces/hardware`. */
export const spaceHardwareAnswer = () => priceAnswer(SPACE_HARDWARE);

/** Sleep time a Space gets when nobody names one: fixed on free hardware, none on the rest. */
export function defaultSleep(hardware: string): number {
  return hardware === FREE ? FREE_SLEEP_S : -1;
}

/** Seconds of silence after which this hub lets a Space sleep; `null`: never, as always on free hardware. */
export function sleepsAfter({ hardware, sleepTime }: SpaceRow): number | null {
  return hardware === FREE || sleepTime <= 0 ? null : sleepTime;
}
