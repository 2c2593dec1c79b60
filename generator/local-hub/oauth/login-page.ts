import { html } from 'hono/html';

interface LoginPage {
  space: string;
  scopes: string[];
  users: { name: string; fullname: string }[];
  /** One click on a name is enough; otherwise a token of that user is asked for. */
  pick: boolean;
  /** Picking is off for now: a job runs that could do it as well. */
  busy: boolean;
  /** The authorization request, repeated in the form. */
  request: Record<string, string>;
  problem?: string;
}

/** The page on which one chooses who logs in to a Space of this machine. */
export function loginPage({ space, scopes, users, pick, busy, request, problem }: LoginPage) {
  const hidden = Object.entries(request).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  const choices = users.map(
    (user) => html`<p><button name="user" value="${user.name}">${user.fullname}</button></p>`,
  );
  const token = html`<p><label>Access token <input type="password" name="token" autocomplete="off" required></label></p>
    <p><button>Log in</button></p>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in to ${space}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 28rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }
button { font: inherit; padding: .5rem 1rem; width: 100%; text-align: left; cursor: pointer }
input { font: inherit; width: 100%; box-sizing: border-box }
</style>
</head>
<body>
<h1>Log in to ${space}</h1>
<p>This is the embedded hub on this machine. The Space asks for: ${scopes.join(', ')}.</p>
${busy ? html`<p>A job is running here that nothing keeps from this page: log in with a token, or wait for its end.</p>` : ''}
${problem ? html`<p role="alert"><strong>${problem}</strong></p>` : ''}
<form method="post">${hidden}${pick ? choices : token}</form>
</body>
</html>`;
}
