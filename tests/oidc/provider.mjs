// An OpenID Connect provider on loopback, for tests: node provider.mjs PORT REDIRECT_URI
// The user "NAME" has the e-mail address NAME@border.example, verified unless NAME begins with "un".
import Provider from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "flowctl",
      client_secret: "the secret of the tests: 100% & more",
      redirect_uris: [redirectUri],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false, // the e-mail in the ID token itself
  cookies: { keys: ["of the tests"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@border.example`, email_verified: !id.startsWith("un") }),
  }),
});
provider.listen(Number(port), "127.0.0.1");
