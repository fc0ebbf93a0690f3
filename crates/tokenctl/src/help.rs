//! The long texts of `--help`.

pub(crate) const PROGRAM: &str = "\
Examples:
  tokenctl login goto                      sign in with the browser
  tokenctl login goto --no-browser         sign in over ssh: open the address elsewhere, paste the last address here
  tokenctl token goto                      print an access token, for a script
  tokenctl header goto | curl -H @- URL    call an API
  tokenctl status                          show who is signed in, and until when

Configuration ($XDG_CONFIG_HOME/tokenctl/config.toml, or --config):
  [store]
  folder = \"/var/lib/tokens\"               or AUTH_LAYER_STORE
  key_file = \"/etc/tokens.key\"             or key = \"env:NAME\", AUTH_LAYER_STORE_KEY, AUTH_LAYER_STORE_KEY_FILE

  [providers.goto]
  client_id = \"...\"                        or GOTO_CLIENT_ID
  client_secret_file = \"goto.secret\"       or client_secret_env = \"NAME\", GOTO_CLIENT_SECRET, or a prompt at login
  scope = \"collab:\"                        or GOTO_SCOPE
  account = \"default\"                      or GOTO_ACCOUNT

  [providers.acme]                         any other provider; its variables begin with ACME_
  profile = \"./acme.toml\"                  a file that describes it, or a known name (`tokenctl providers`)
  variant = \"sandbox\"                      a variant of that profile
  inputs = { tenant = \"...\" }              the values that the profile asks for
  issuer = \"https://acme.example\"          or, without a profile, the issuer that publishes its metadata
  client_auth = \"body\"                     any key of a profile; it changes the one of `profile` or `issuer`
  grant = \"client-credentials\"             the client gets tokens of its own, and no person signs in; or sign-in
  redirect_uri = \"http://127.0.0.1:8912/\"  if the provider accepts only a registered address

A variable takes precedence over the file. A path in the file is relative to the folder of the file. A `~/` at the
beginning of a path is the home folder. A secret is never an argument, and the file must not contain one.

Requests go through the proxies in HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY (upper or lower case). Requests to
this machine never do.

If an issuer cannot be reached, a copy of its metadata is used, which is kept in the store's folder.

Exit codes:
  0    the command succeeded
  1    it failed for a reason that is not listed below
  2    wrong usage
  3    a person has to sign in
  4    the configuration is wrong, or the provider does not accept the client
  5    the store cannot be read or written
  6    the network or the provider is in trouble; this may pass
  7    the sign-in was denied, took too long, or its answer cannot be trusted
  130  interrupted with Ctrl-C";

pub(crate) const LOGIN: &str = "\
The browser opens at the provider's page and comes back to this machine. If the browser is on another machine, its last
page does not load. Copy that page's whole address and paste it here. Nothing is kept until the sign-in is complete.

Before the browser opens, a trial write makes sure that the sign-in can be kept.

While the program waits for you, Ctrl-C ends it at once. While it waits for an answer that may contain tokens, only the
second Ctrl-C ends it.

Examples:
  tokenctl login goto --account reception
  tokenctl login acme --device --timeout 10m";

pub(crate) const TOKEN: &str = "\
If another process is renewing the same sign-in, the command waits for it, and says so on standard error.

Example:
  TOKEN=$(tokenctl token goto)";

pub(crate) const HEADER: &str = "\
Example:
  tokenctl header goto | curl -H @- https://api.getgo.com/admin/rest/v1/me";

pub(crate) const LOGOUT: &str = "\
The tokens are deleted here even if the provider could not revoke them. The exit code then says why: 4 if the client's
secret is not known, 6 if the provider cannot be reached.";

pub(crate) const DOCTOR: &str = "\
The command sends no secret. It sends an empty request to the token endpoint, which has to refuse it. It also writes a
file to the store's folder and removes it again. Exit code 3 means that a sign-in has ended. An
account that never signed in is only noted.";

pub(crate) const STATUS: &str = "\
--json prints {\"version\":1,\"sign_ins\":[...]}, with one object for each sign-in:
  provider, account, client_id          strings; client_id is null if it is not known
  signed_in_as, scope                   a string and an array of strings; null if the provider did not say
  kept                                  an object of strings: what the profile keeps of answers and callbacks
  state                                 \"signed_in\", \"renewing\", \"sign_in_again\", \"not_signed_in\", \"no_sign_in_needed\",
                                        \"another_token_url\" (the sign-in is from another one, and is not used),
                                        \"unreadable\" (the record), or \"unknown\" (the provider cannot be reached, or its
                                        configuration is wrong)
  reason                                a text for people, or null
  access_token_expires_at               in seconds since the Unix epoch, or null; so are all members that end in _at
  refresh_token_obtained_at             when the provider issued the refresh token
  refresh_token_due_at                  when it expires unless it is used before; null if that is not known
More members may be added. There is no token in the output.

Exit codes, the first that applies:
  5    a record cannot be read
  3    a configured sign-in needs a person
  4    a configured sign-in is from another token URL, or the configuration of its provider is wrong
  6    a provider could not be asked for its metadata
Other sign-ins in the store are shown, and change the exit code only if they cannot be read.";
