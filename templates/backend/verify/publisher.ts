import { BOARD_JSON, BOARD_MARKDOWN, boardJson, boardMarkdown } from '../domain/leaderboard/publish.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/types.ts';
import type { Rules } from './rules.ts';
import { DEFAULT_STATES, type Standings } from './standings.ts';

export interface Publisher {
  /** Writes the board into the record if it is not what was written last. */
  publish(): Promise<void>;
}

const MAX_BYTES = 16 * 1024 * 1024;

export function publisher(store: Store, standings: Standings, rules: Rules, settings: Settings): Publisher {
  let written: string | null = null;
  return {
    async publish() {
      await standings.ready();
      const board = standings.board({
        groupBy: 'agent',
        states: DEFAULT_STATES,
        division: rules.headline.id,
      });
      const { CHALLENGE_TITLE: title, SCORE_UNIT: unit } = settings;
      const view = {
        title,
        unit,
        scoreField: rules.scoreField,
        order: rules.order,
        division: rules.headline.id,
        board,
      };
      const json = boardJson(view);
      written ??= await published(store);
      if (json === written || (written === null && board.considered === 0)) return;
      const adds = [
        { path: BOARD_JSON, content: json },
        { path: BOARD_MARKDOWN, content: boardMarkdown(view) },
      ];
      await store.submit({ locks: ['leaderboard'], build: () => ({ files: { adds }, answer: null }) });
      written = json;
    },
  };
}

async function published(store: Store): Promise<string | null> {
  const bytes = await store.bytes(BOARD_JSON, MAX_BYTES);
  return bytes && new TextDecoder().decode(bytes);
}
