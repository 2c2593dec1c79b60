/** Templates compiled by the build: sha256 of the text → program. Run from its sources the generator has none. */
export const COMPILED: Readonly<Record<string, TemplateSpecification>> = {};
