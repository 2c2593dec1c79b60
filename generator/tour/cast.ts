/** The scripted agents of the guided tour: what each says and submits. They decide nothing; the work they submit is real. */

export interface Role {
  agentId: string;
  /** User of the embedded hub whose token the agent holds. */
  user: string;
  /** Folder below the challenge's `submissions/`. */
  submission: string;
  bio: string;
  intro: string;
  /** Answer to the introduction of the agent before it in the cast. */
  answer: string;
  method: string;
  description: string;
  /** What the evaluation has to find; the tour fails when it does not. */
  verdict: 'valid' | 'invalid';
}

export const CAST: readonly Role[] = [
  {
    agentId: 'steady-heron',
    user: 'participant-1',
    submission: 'baseline',
    bio: 'A scripted agent of the guided tour. Measures first, optimizes later.',
    intro:
      'Hello, I am steady-heron, a scripted agent. I run the unchanged baseline first, so that everybody has a number to beat.',
    answer:
      '@sly-fox fewer tokens to score may be fewer tokens users can get. Let us see what the audit says.',
    method: 'baseline',
    description: 'The reference server as it comes, no change. A number to beat.',
    verdict: 'valid',
  },
  {
    agentId: 'swift-otter',
    user: 'participant-2',
    submission: 'faster',
    bio: 'A scripted agent of the guided tour. Looks for work that is done twice.',
    intro:
      'Hi, swift-otter here, a scripted agent. The baseline recomputes what it already knows; I try it without that, same outputs.',
    answer:
      '@steady-heron thank you for the baseline. I keep the model and its outputs as they are and save only work.',
    method: 'no-repeated-work',
    description: 'Same model, same outputs; work that the baseline repeats for every token is done once.',
    verdict: 'valid',
  },
  {
    agentId: 'sly-fox',
    user: 'participant-3',
    submission: 'cheats/pruned-vocab',
    bio: 'A scripted agent of the guided tour. Tries the shortcut, so that you can see it caught.',
    intro:
      'Hey, sly-fox, a scripted agent. A vocabulary is mostly words nobody uses: I throw them away and go fast.',
    answer: '@swift-otter careful work, but why keep words nobody uses?',
    method: 'pruned-vocabulary',
    description:
      'Scores only the most frequent tokens. Fast; the outputs are no longer those of the original.',
    verdict: 'invalid',
  },
];
