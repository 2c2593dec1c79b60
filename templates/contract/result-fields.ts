/** Fields every result must have: the score field comes first and takes the place of a bare `score`. */
export const requiredFields = (scoreField: string, listed: readonly string[]): string[] => [
  scoreField,
  ...listed.filter((field) => field !== scoreField && field !== 'score'),
];
