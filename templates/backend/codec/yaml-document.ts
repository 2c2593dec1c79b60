/** YAML documents from strangers: how deep a document goes is known before anything recurses into it. */
import {
  Composer,
  type Document,
  type DocumentOptions,
  Lexer,
  type ParseOptions,
  Parser,
  type SchemaOptions,
} from 'yaml';

/** Open collections, their items and keys at one point of the text: far above every honest document. */
const MAX_OPEN = 100;

export class TooDeep extends Error {}

/**
 * The first document of `text`, composed by the `yaml` library. Its composer recurses, and V8 ends the whole process,
 * past any `catch`, when a regular expression is first compiled close to the end of the stack: 900 brackets do.
 * @throws TooDeep
 */
export function boundedDocument(
  text: string,
  options: ParseOptions & DocumentOptions & SchemaOptions,
): Document {
  for (const document of new Composer(options).compose(boundedTokens(text), true, text.length)) {
    return document as Document;
  }
  throw new Error('the composer always ends with a document');
}

function* boundedTokens(text: string) {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_OPEN) throw new TooDeep(`nested deeper than ${MAX_OPEN}`);
  }
  yield* parser.end();
}
