export { type BudgetSnapshot, type CallBudget, createBudget } from './budget.ts';
export { createHubClient, type HubClientOptions, type HubClock } from './client.ts';
export * from './port.ts';
