/** What stands in place of everything while a server that wants a token has none. */

import './sign-in.css';
import { useConnection } from '../api/connection.tsx';
import { beginSignIn } from '../api/sign-in.ts';
import { Button } from '../parts/button.tsx';
import { Notice } from '../parts/notice.tsx';
import { AccessForm } from '../views/status/access-form.tsx';

export function SignIn({ failure }: { failure: string | undefined }) {
  const { signIn } = useConnection().config;
  return (
    <main class="sign-in">
      <h1>This library asks who you are</h1>
      {failure !== undefined && (
        <Notice tone="error" title="You are not signed in.">
          {failure}
        </Notice>
      )}
      {signIn ? (
        <div class="group-actions">
          <Button look="primary" onClick={() => void beginSignIn(signIn)}>
            Sign in
          </Button>
        </div>
      ) : (
        <>
          <p class="quiet">
            Enter a token of the identity provider that its owner chose, such as the access token of Amazon
            Cognito.
          </p>
          <AccessForm />
        </>
      )}
    </main>
  );
}
