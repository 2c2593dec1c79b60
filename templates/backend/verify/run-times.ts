const KEPT = 20;

/** How long verification runs took lately. */
export interface RunTimes {
  add(seconds: number): void;
  /** `fallback` until one has ended. */
  mean(fallback: number): number;
}

export function runTimes(): RunTimes {
  const seconds: number[] = [];
  return {
    add(each) {
      seconds.unshift(each);
      seconds.length = Math.min(seconds.length, KEPT);
    },
    mean: (fallback) =>
      seconds.length === 0 ? fallback : seconds.reduce((sum, each) => sum + each, 0) / seconds.length,
  };
}
