/** Which server the page talks to, and the token that opens it. */

import { useState } from 'preact/hooks';
import { keepAccess, readAccess, useConnection } from '../../api/connection.tsx';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';

export function AccessForm() {
  const { endpoint, hasToken, config } = useConnection();
  const [address, setAddress] = useState(readAccess().endpoint);
  const [token, setToken] = useState('');
  const connectWith = ({ token: next }: { token: string }) => {
    keepAccess({ endpoint: address.trim(), token: next });
    // Everything on the page belongs to the server it came from.
    location.reload();
  };
  return (
    <section class="card status-wide">
      <h2>Server</h2>
      <p class="quiet small">
        This page talks to <code>{endpoint}</code>
        {hasToken ? ' with a token.' : ' without a token.'} What you enter stays in this browser; a token is
        forgotten when the tab is closed.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          connectWith({ token: token.trim().replace(/^Bearer\s+/i, '') || readAccess().token });
        }}
      >
        <TextField
          label="Address of another server"
          type="url"
          placeholder={config.endpoint || location.origin}
          hint="Leave it empty for the one this page is meant for."
          value={address}
          onInput={setAddress}
        />
        <TextField
          label="Token"
          type="password"
          hint="A JWT, for a server that asks for one. Servers that sign requests with AWS credentials are used from the command line."
          value={token}
          onInput={setToken}
        />
        <div class="group-actions">
          <Button type="submit">Connect</Button>
          {hasToken && <Button onClick={() => connectWith({ token: '' })}>Forget the token</Button>}
        </div>
      </form>
    </section>
  );
}
