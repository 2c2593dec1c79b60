import type { Page } from 'playwright-core';

/** Through the embedded hub's own OAuth pages, as a person would. */
export async function logIn(page: Page, url: string, user: string): Promise<void> {
  await page.getByRole('button', { name: 'Log in', exact: true }).first().click();
  await page.waitForURL(/\/oauth\/authorize/);
  await chooseUser(page, user);
  await page.waitForURL((at) => at.href.startsWith(url));
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}

export const chooseUser = (page: Page, user: string): Promise<void> =>
  page.getByRole('button', { name: new RegExp(`${user}\\b`) }).click();
