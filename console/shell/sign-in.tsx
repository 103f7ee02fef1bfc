/** What stands in place of everything while a server that wants a token has none. */

import './sign-in.css';
import { AccessForm } from '../views/status/access-form.tsx';

export function SignIn() {
  return (
    <main class="sign-in">
      <h1>This library asks who you are</h1>
      <p class="quiet">
        Enter a token of the identity provider that its owner chose, such as the access token of Amazon
        Cognito.
      </p>
      <AccessForm />
    </main>
  );
}
