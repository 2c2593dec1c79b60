import { allRoutes } from '@collab/contract/routes/index.ts';
import type { ApiRow } from './view.ts';

/** The API table of the docs: the routes the server declares, in its order. */
export const apiRows = (): ApiRow[] =>
  allRoutes.map(({ method, path, doc }) => ({ method, path, doc: doc.replaceAll('|', '\\|') }));
