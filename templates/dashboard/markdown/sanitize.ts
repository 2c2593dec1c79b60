import DOMPurify, { type Config } from 'dompurify';

const TAGS =
  'a b blockquote br code del div em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span strong sub sup table tbody td th thead tr ul'.split(
    ' ',
  );
const RULES: Config = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ['href', 'class', 'title', 'start', 'tabindex'],
  ADD_URI_SAFE_ATTR: ['start', 'tabindex'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|hf:|#\/)/i,
  RETURN_DOM_FRAGMENT: true,
};
const MATH: Config = {
  USE_PROFILES: { mathMl: true },
  ADD_TAGS: ['semantics', 'annotation'],
  FORBID_ATTR: ['style', 'href', 'class', 'id'],
  RETURN_DOM_FRAGMENT: true,
};
/** Classes our own renderer makes; every other class would let a message dress up as part of the page. */
const CLASSES =
  /^(?:mention|human|math|math-block|table-scroll|language-[\w+#-]{1,20}|hljs[\w-]{0,30}|function_|class_|inherited__)$/;

function tidy(fragment: DocumentFragment): DocumentFragment {
  for (const node of fragment.querySelectorAll('[class]'))
    node.className = [...node.classList].filter((c) => CLASSES.test(c)).join(' ');
  for (const node of fragment.querySelectorAll('[tabindex]'))
    if (!node.matches('pre, .table-scroll, .math-block')) node.removeAttribute('tabindex');
  for (const link of fragment.querySelectorAll('a[href]')) {
    if (link.getAttribute('href')?.startsWith('#/')) continue;
    link.setAttribute('rel', 'noopener noreferrer nofollow ugc');
    link.setAttribute('target', '_blank');
  }
  return fragment;
}

/** The only way foreign text becomes nodes of the page. */
export const sanitize = (html: string): DocumentFragment =>
  tidy(DOMPurify.sanitize(html, RULES) as unknown as DocumentFragment);

/** MathML alone, without style, link or class. */
export const sanitizeMath = (markup: string): DocumentFragment =>
  DOMPurify.sanitize(markup, MATH) as unknown as DocumentFragment;
