//! Signing in: OAuth 2, with the user's own application or through somebody's proxy.
//!
//! The service had no application that everybody could use: people bring the id and secret of their own. A [`SignInApp`] says which; it gives the page to
//! open, trades the code that comes back, and renews tokens.
//!
//! ```no_run
//! use std::sync::Arc;
//! use acd_api::{Client, auth::{Credentials, SignInApp}};
//! use remote_core::{auth::{MemoryTokenStore, RedirectReceiver}, http::{HttpClient, HttpSettings}};
//!
//! # async fn example() -> remote_core::error::Result<()> {
//! let http = HttpClient::new(&HttpSettings::default())?;
//! let app = SignInApp::new("amzn1.application-oa2-client.0123", "the secret");
//! let receiver = RedirectReceiver::bind().await?;
//! let oauth = app.oauth_client(&http).with_redirect_url(receiver.url("127.0.0.1"));
//! let sign_in = oauth.authorize()?;
//! println!("open {}", receiver.start_url(&sign_in));
//! let code = receiver.receive(&sign_in).await?;
//! let token = oauth.exchange_code(&sign_in, &code).await?;
//!
//! // A real program keeps the token in a file.
//! let tokens = app.tokens(&http, Arc::new(MemoryTokenStore::new(token)));
//! let client = Client::builder(Credentials::Tokens(tokens)).http_client(http).build()?;
//! # Ok(())
//! # }
//! ```

use std::{fmt, sync::Arc};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use remote_core::{
    auth::{OAuthClient, SignIn, Token, TokenCache, TokenSigner, TokenStore},
    error::{Error, ErrorKind, Result},
    http::HttpClient,
    secret::Secret,
};
use url::Url;

use crate::{
    addresses::{DEFAULT_AUTH_URL, DEFAULT_TOKEN_URL},
    error::classify::SIGN_IN_HELP,
};

/// What an application asks for: all files, and to change them.
pub const SCOPES: [&str; 2] = ["clouddrive:read_all", "clouddrive:write"];

/// Where browsers come back to, as rclone's users have registered it.
pub const REDIRECT_URL: &str = "http://127.0.0.1:53682/";

/// The longest text that is looked through for a token.
const MAX_PASTED_BYTES: usize = 256 * 1024;

/// How a client signs its requests.
#[non_exhaustive]
#[derive(Clone)]
pub enum Credentials {
    /// An access token that is not renewed.
    Token(Secret),
    /// Tokens that are renewed when needed; see [`SignInApp::tokens`].
    Tokens(TokenCache),
}

impl Credentials {
    /// An access token that is not renewed.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self::Token(token.into())
    }

    pub(crate) fn signer(self) -> TokenSigner {
        match self {
            Self::Token(token) => TokenSigner::fixed(token, SIGN_IN_HELP),
            Self::Tokens(tokens) => TokenSigner::renewed(tokens),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(…)",
            Self::Tokens(_) => "Tokens(…)",
        })
    }
}

/// An application as it is registered with the service, or with a proxy that holds the real one.
#[derive(Clone, Debug)]
pub struct SignInApp {
    client_id: String,
    client_secret: Secret,
    auth_url: Url,
    token_url: Url,
}

impl SignInApp {
    /// An application of the public service.
    ///
    /// # Panics
    ///
    /// Never: the addresses are constants and valid.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        let constant = |text| Url::parse(text).expect("the address is a constant and valid");
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            auth_url: constant(DEFAULT_AUTH_URL),
            token_url: constant(DEFAULT_TOKEN_URL),
        }
    }

    /// Sets the page where people agree; parameters it has are kept.
    #[must_use]
    pub fn with_auth_url(mut self, url: Url) -> Self {
        self.auth_url = url;
        self
    }

    /// Sets where codes and refresh tokens are traded.
    #[must_use]
    pub fn with_token_url(mut self, url: Url) -> Self {
        self.token_url = url;
        self
    }

    /// The client that signs in and renews. It sends id and secret in the form, asks for [`SCOPES`], and comes back to [`REDIRECT_URL`] unless told otherwise.
    ///
    /// # Panics
    ///
    /// Never: the address is a constant and valid.
    #[must_use]
    pub fn oauth_client(&self, http: &HttpClient) -> OAuthClient {
        let redirect = Url::parse(REDIRECT_URL).expect("the address is a constant and valid");
        OAuthClient::new(http.clone(), self.client_id.clone(), self.token_url.clone())
            .with_client_secret(self.client_secret.clone())
            .with_auth_url(self.auth_url.clone())
            .with_redirect_url(redirect)
            .with_scopes(SCOPES)
            // No client of the service was seen to use it, and a proxy may refuse what it does not know.
            .with_pkce(false)
            // Refresh tokens of the service are good for many uses, so a lost answer does not end the sign-in.
            .with_reusable_refresh_tokens(true)
    }

    /// Tokens that are renewed when needed and kept in a store.
    #[must_use]
    pub fn tokens(&self, http: &HttpClient, store: Arc<dyn TokenStore>) -> TokenCache {
        TokenCache::new(store, Arc::new(self.oauth_client(http)))
    }
}

/// Finishes a sign-in on a machine without a browser: the browser of another machine ends at an address that it cannot open, and the person pastes that
/// address, or only the code in it. One request.
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput) for an address of another sign-in or without a code, [`Authentication`](ErrorKind::Authentication) if the access
/// was refused or the code is not good any more.
pub async fn exchange_pasted(oauth: &OAuthClient, sign_in: &SignIn, pasted: &str) -> Result<Token> {
    let pasted = pasted.trim();
    let code = match Url::parse(pasted) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => sign_in.code_from(&url)?,
        _ if pasted.is_empty() || pasted.contains(char::is_whitespace) => {
            return Err(Error::with_message(
                ErrorKind::InvalidInput,
                "neither an address nor a code was pasted",
            )
            .with_help("paste the whole address at which the browser has ended"));
        }
        _ => Secret::new(pasted),
    };
    oauth.exchange_code(sign_in, &code).await
}

/// Reads a token that another program has obtained: the JSON that rclone keeps, or the text that `rclone authorize` prints.
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput) for anything else.
pub fn import_token(pasted: &str) -> Result<Token> {
    let unreadable = || {
        Error::with_message(ErrorKind::InvalidInput, "the text holds no token")
            .with_help("paste what `rclone authorize` printed between the arrows, or the value of `token` in a configuration")
    };
    if pasted.len() > MAX_PASTED_BYTES {
        return Err(unreadable());
    }
    if pasted.trim_start().starts_with('{') {
        return Ok(Token::parse(pasted)?);
    }
    let text: String = pasted.chars().filter(|c| !c.is_whitespace()).collect();
    let json = decode_base64(&text).ok_or_else(unreadable)?;
    let options: serde_json::Value =
        serde_json::from_slice(&json).map_err(|_secrets| unreadable())?;
    let token = options.get("token").and_then(serde_json::Value::as_str);
    Ok(Token::parse(token.ok_or_else(unreadable)?)?)
}

/// Decodes with or without padding.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    ENGINE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use remote_core::http::HttpSettings;

    use super::*;

    fn http() -> HttpClient {
        HttpClient::new(&HttpSettings::default()).unwrap()
    }

    // Specification of the service, section 3.1.
    #[test]
    fn the_page_to_open_names_application_scopes_and_return() {
        let app = SignInApp::new("id", "secret")
            .with_auth_url(Url::parse("https://proxy.example/oa?tenant=7").unwrap());
        let sign_in = app.oauth_client(&http()).authorize().unwrap();
        let url = sign_in.url();
        assert_eq!(url.host_str(), Some("proxy.example"));
        let value = |name: &str| {
            let found = url.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        assert_eq!(value("tenant").as_deref(), Some("7"));
        assert_eq!(value("client_id").as_deref(), Some("id"));
        assert_eq!(value("response_type").as_deref(), Some("code"));
        assert_eq!(
            value("scope").as_deref(),
            Some("clouddrive:read_all clouddrive:write")
        );
        assert_eq!(value("redirect_uri").as_deref(), Some(REDIRECT_URL));
        assert!(value("state").is_some_and(|state| state.len() >= 22));
        assert!(!url.as_str().contains("secret"));
    }

    #[test]
    fn tokens_are_imported_in_each_form() {
        let token = r#"{"access_token":"Atza|x","token_type":"bearer","refresh_token":"Atzr|y","expiry":"2015-09-06T16:07:39.658438471+01:00"}"#;
        let options = serde_json::json!({ "token": token }).to_string();
        let packed = base64::engine::general_purpose::STANDARD_NO_PAD.encode(options);
        let broken = format!(
            "{}\n {}",
            packed.get(..30).unwrap(),
            packed.get(30..).unwrap()
        );
        for text in [token, &packed, &broken] {
            assert_eq!(import_token(text).unwrap().access_token.expose(), "Atza|x");
        }
        for text in ["", "hello", "e30", "{}"] {
            let error = import_token(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_pasted_must_belong_to_the_sign_in() {
        let app = SignInApp::new("id", "s3cr3t");
        let oauth = app.oauth_client(&http());
        let sign_in = oauth.authorize().unwrap();
        for pasted in [
            "",
            "two words",
            "http://127.0.0.1:53682/?code=c&state=other",
        ] {
            let error = exchange_pasted(&oauth, &sign_in, pasted).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{pasted}");
        }
        let refused = format!(
            "http://127.0.0.1:53682/?error=access_denied&error_description=no&state={}",
            sign_in.state().expose()
        );
        let error = exchange_pasted(&oauth, &sign_in, &refused)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(!format!("{app:?}").contains("s3cr3t"));
    }
}
