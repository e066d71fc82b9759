//! What the service sends in a form that is not published.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A piece of JSON, kept as it came.
///
/// # Examples
///
/// ```
/// use koofr_api::model::json::Json;
///
/// let json: Json = r#"{"moved":3,"errors":[{"code":"NotFound"}]}"#.parse()?;
/// assert_eq!(json.get("moved").and_then(|moved| moved.as_i64()), Some(3));
/// assert_eq!(json.at("/errors/0/code").and_then(|code| code.as_str().map(str::to_owned)).as_deref(), Some("NotFound"));
///
/// #[derive(serde::Deserialize)]
/// struct Moved { moved: u32 }
/// assert_eq!(json.to::<Moved>()?.moved, 3);
/// # Ok::<(), koofr_api::model::json::JsonError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Json(Value);

/// Why a text is no JSON, or JSON not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JsonError(#[from] serde_json::Error);

impl Json {
    /// Whether nothing was sent, or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// The value if it is `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        self.0.as_bool()
    }

    /// The value if it is a whole number.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.as_i64()
    }

    /// The value if it is a text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// A copy of a member of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Self> {
        self.0.get(name).cloned().map(Self)
    }

    /// A copy of what a JSON pointer (RFC 6901) such as `/errors/0/code` leads to.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<Self> {
        self.0.pointer(pointer).cloned().map(Self)
    }

    /// Reads it as a type of the caller.
    ///
    /// # Errors
    ///
    /// It has another form; the error tells which.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        Ok(T::deserialize(&self.0)?)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}

/// The JSON text, in one line.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::str::FromStr for Json {
    type Err = JsonError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(serde_json::from_str(text)?))
    }
}
