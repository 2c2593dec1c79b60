/**
 * Stands where node-plop imports inquirer in the bundle. Our generators' prompts are a function, so plop never asks by
 * itself; inquirer and its character tables would be three quarters of what `new` has to load.
 */
const refuse = () => {
  throw new Error('plop asks nothing here: prompts are a function');
};

export default { prompt: Object.assign(refuse, { prompts: {} }), registerPrompt: refuse };
