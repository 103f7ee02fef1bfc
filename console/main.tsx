/** Starts the console: reads its configuration, connects, shows the page. */

import './styles/tokens.css';
import './styles/base.css';
import { render } from 'preact';
import { connect, readAccess } from './api/connection.tsx';
import { readConfig } from './config.ts';
import { keepScrollPosition } from './route/navigation.ts';
import { App } from './shell/app.tsx';
import { applyKeptTheme } from './shell/theme-button.tsx';

applyKeptTheme();
keepScrollPosition();
// A server that does not answer now is reported by the first request that a view makes.
const config = await readConfig().catch(() => ({}));
render(<App connection={connect(config, readAccess())} />, document.getElementById('app')!);
