/** Which server the page talks to, and the token that opens it. */

import { useState } from 'preact/hooks';
import { type Access, accessAfter, keepAccess, readAccess, useConnection } from '../../api/connection.tsx';
import { Button } from '../../parts/button.tsx';
import { TextField } from '../../parts/field.tsx';

export function AccessForm() {
  const { hasToken, config } = useConnection();
  const [address, setAddress] = useState(readAccess().endpoint);
  const [token, setToken] = useState('');
  const connectWith = (access: Access) => {
    keepAccess(access);
    // Everything on the page belongs to the server it came from.
    location.reload();
  };
  return (
    <form
      class="access"
      onSubmit={(event) => {
        event.preventDefault();
        const typed = token.trim().replace(/^Bearer\s+/i, '');
        connectWith(accessAfter(readAccess(), { endpoint: address.trim(), token: typed }));
      }}
    >
      <TextField
        label="Token"
        type="password"
        hint="A JWT that the server accepts. It is sent to that server alone, and forgotten when the tab is closed."
        value={token}
        onInput={setToken}
      />
      <TextField
        label="Address of another server"
        type="url"
        placeholder={config.endpoint || location.origin}
        hint="Leave it empty for the one this page is meant for."
        value={address}
        onInput={setAddress}
      />
      <div class="group-actions">
        <Button type="submit">Connect</Button>
        {hasToken && (
          <Button onClick={() => connectWith({ endpoint: address.trim(), token: '' })}>
            Forget the token
          </Button>
        )}
      </div>
    </form>
  );
}
