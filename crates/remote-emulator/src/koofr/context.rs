//! A request as the handlers see it: signed in, with its query and body still to be taken apart.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HOST;
use serde::de::DeserializeOwned;

use crate::koofr::error::{Level, Problem, Refusal};
use crate::koofr::path::{Path, check_name};
use crate::koofr::state::{By, State};
use crate::koofr::{Koofr, KoofrSettings};
use crate::service::Call;

/// What a handler works with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) koofr: &'a Koofr,
    pub(crate) call: &'a Call,
    /// The variable segments of the path, decoded, in order.
    pub(crate) params: Vec<String>,
    /// The id of the signed-in user; empty on public routes.
    pub(crate) user: String,
    pub(crate) level: Level,
    pub(crate) query: Query,
    pub(crate) body: Bytes,
}

impl Context<'_> {
    pub(crate) fn settings(&self) -> &KoofrSettings {
        &self.koofr.settings
    }

    pub(crate) fn now(&self) -> i64 {
        self.koofr.clock.now_ms()
    }

    /// The variable segment at a place.
    pub(crate) fn param(&self, index: usize) -> &str {
        self.params.get(index).map_or("", String::as_str)
    }

    pub(crate) fn by(&self) -> By {
        by(self.koofr, self.call, &self.user)
    }

    /// Says a problem in the words of the request's API level.
    pub(crate) fn refuse(&self, problem: Problem) -> Refusal {
        Refusal::problem(problem, self.level)
    }

    /// The JSON body. An absent or other content type is 415, text that is no JSON 400, JSON of another shape 422.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let kind = self.call.header("content-type");
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::text(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "expected a request with `Content-Type: application/json`",
            ));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let status = if error.is_data() {
                StatusCode::UNPROCESSABLE_ENTITY
            } else {
                StatusCode::BAD_REQUEST
            };
            Refusal::text(status, format!("the JSON body cannot be used: {error}"))
        })
    }

    /// The body of an HTML form.
    pub(crate) fn form(&self) -> Query {
        Query::parse(&String::from_utf8_lossy(&self.body))
    }

    /// A name from a JSON body.
    pub(crate) fn name<'n>(&self, name: &'n str) -> Result<&'n str, Refusal> {
        check_name(name)
            .map(|()| name)
            .map_err(|_not_allowed| self.refuse(Problem::BadRequest("the name is not allowed")))
    }

    /// A path from a JSON body.
    pub(crate) fn body_path(&self, text: &str) -> Result<Path, Refusal> {
        Path::parse(text)
            .map_err(|_not_allowed| self.refuse(Problem::BadRequest("the path is not allowed")))
    }

    /// Reads the state.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&State) -> Result<T, Problem>,
    ) -> Result<T, Refusal> {
        look(&self.koofr.lock()).map_err(|problem| self.refuse(problem))
    }

    /// Changes the state and saves the change.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, Problem>,
    ) -> Result<T, Refusal> {
        self.koofr
            .change(change)?
            .map_err(|problem| self.refuse(problem))
    }

    /// The address the client used, without a path.
    pub(crate) fn base(&self) -> String {
        let host = self
            .call
            .headers
            .get(HOST)
            .and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("127.0.0.1"))
    }
}

/// Who causes what a call changes.
pub(crate) fn by(koofr: &Koofr, call: &Call, user: &str) -> By {
    let now = koofr.clock.now_ms();
    let hidden = call.hide_for_ms.map(|ms| now.saturating_add_unsigned(ms));
    By {
        user: user.to_owned(),
        agent: call.header("user-agent").to_owned(),
        now,
        hidden_until: hidden.unwrap_or(0),
    }
}

/// The parameters of a query string or form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self {
            pairs: crate::query::pairs(text).collect(),
        }
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> + 'q {
        self.pairs
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that may be absent and must not be repeated.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name);
        let first = values.next();
        match values.next() {
            None => Ok(first.map(|(_, value)| value.as_str())),
            Some(_) => Err(Refusal::bad_query(format!(
                "the parameter `{name}` is given twice"
            ))),
        }
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name)?
            .ok_or_else(|| Refusal::bad_query(format!("the parameter `{name}` is missing")))
    }

    /// A path that must be there.
    pub(crate) fn path(&self, name: &str) -> Result<Path, Refusal> {
        Path::parse(self.required(name)?).map_err(|_not_allowed| {
            Refusal::bad_query(format!("the parameter `{name}` is not an allowed path"))
        })
    }

    /// A name that must be allowed when it is there.
    pub(crate) fn filename(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.get(name)? {
            Some(value) if check_name(value).is_err() => Err(Refusal::bad_query(format!(
                "the parameter `{name}` is not an allowed name"
            ))),
            value => Ok(value),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name)?
            .map(|text| {
                text.parse().map_err(|_no_number| {
                    Refusal::bad_query(format!("the parameter `{name}` is not a number"))
                })
            })
            .transpose()
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Refusal::bad_query(format!(
                "the parameter `{name}` is neither true nor false"
            ))),
        }
    }
}

/// The owner of a mount as the cause of a change that no request made.
pub(crate) fn by_emulator(koofr: &Koofr, state: &State, mount: &str) -> By {
    let owner = state.account.mounts.iter().find(|known| known.id == mount);
    By {
        user: owner.map(|mount| mount.owner.clone()).unwrap_or_default(),
        agent: "remote-emulator".to_owned(),
        now: koofr.clock.now_ms(),
        hidden_until: 0,
    }
}
