import type { Settings } from '../settings.ts';

/** Marks a reservation as an exam. */
export const EXAM = 'exam';

export const isExam = (target: Record<string, string | undefined>): boolean => target[EXAM] === 'true';

/** An exam is not timed, and asks many times as much as a run. */
const EXAM_TIMES = 4;

/** Minutes after which the platform ends a run. */
export function limitMinutes(
  { JOB_TIMEOUT_MINUTES }: Pick<Settings, 'JOB_TIMEOUT_MINUTES'>,
  target: Record<string, string | undefined>,
): number {
  return JOB_TIMEOUT_MINUTES * (isExam(target) ? EXAM_TIMES : 1);
}
