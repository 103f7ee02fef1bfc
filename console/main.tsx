/** Starts the console: reads its configuration, connects, shows the page. */

import './styles/tokens.css';
import './styles/base.css';
import { render } from 'preact';
import { connect, readAccess } from './api/connection.tsx';
import { finishSignIn } from './api/sign-in.ts';
import { type ConsoleConfig, readConfig } from './config.ts';
import { keepScrollPosition } from './route/navigation.ts';
import { App } from './shell/app.tsx';
import { applyKeptTheme } from './shell/theme-button.tsx';

applyKeptTheme();
keepScrollPosition();
// A server that does not answer now is reported by the first request that a view makes.
const config: ConsoleConfig = await readConfig().catch(() => ({}));
const failure = await (config.signIn && finishSignIn(config.signIn))?.then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
const connection = connect(config, readAccess());
render(<App connection={connection} failure={failure} />, document.getElementById('app')!);
